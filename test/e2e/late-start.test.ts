import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { busyboxImage } from '../cluster/image-names.ts';
import { Stage } from '../support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('late-start');
});

afterAll(() => stage.close());

const onNode = process.env['CLUSTER'] === 'current' ? it.skip : it;

// The kubelet tries for ever: an image may come hours after the session has been given up, and then nobody looks after its container.
onNode(
  'a container that starts after its run has failed ends itself at once, and that is recorded',
  async () => {
    const image = `localhost/comes/late:${Date.now()}`;
    await stage.runningPod('web');
    await stage.createSession('late', {
      target: { podName: 'web', containerName: 'app' },
      image,
      imagePullPolicy: 'Never',
      startTimeout: '2s',
      command: ['sleep', '600'],
    });
    const failed = await stage.untilPhase('late', 'Failed');
    const run = failed.status?.runs?.[0];
    expect(failed.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'StopConfirmed', status: 'Unknown', reason: 'MayStartLate' }),
    );

    // The supervisor's clock counts in whole seconds and may be more than one behind.
    await delay(Date.parse(run?.startBy ?? '') + 3000 - Date.now());
    await stage.cluster.node?.ctr(['images', 'tag', busyboxImage, image]);
    try {
      const late = await stage.untilSession('late', (s) => s.status?.runs?.[0]?.exitCode !== undefined, 100_000);
      expect(late.status?.phase).toBe('Failed');
      expect(late.status?.runs).toMatchObject([{ state: 'StartedLate', reason: run?.reason, exitCode: 125 }]);
      expect(late.status?.runs?.[0]?.finishedAt).toBe(run?.finishedAt);
      expect(late.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'StopConfirmed', status: 'True', reason: 'Terminated' }),
      );
      const [container] = (await stage.pod('web')).status?.ephemeralContainerStatuses ?? [];
      expect(container?.state?.terminated?.message).toBe('TooLate\n');
      const { startedAt = '', finishedAt = '' } = container?.state?.terminated ?? {};
      expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse(run?.startBy ?? ''));
      expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeLessThanOrEqual(5_000);
    } finally {
      await stage.cluster.node?.ctr(['images', 'rm', image]);
    }
  },
  180_000,
);
