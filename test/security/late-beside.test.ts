import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { busyboxImage, hostileShellImage } from '../cluster/image-names.ts';
import { appPod } from '../support/builders/pods.ts';
import { confirmation, toldOf } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';

// An image whose shell runs no supervisor, and that comes when no supervisor accepts a start any more. The next attempt
// of its session lives by then, in the same pod.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('late-beside');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

const onNode = process.env['CLUSTER'] === 'current' ? it.skip : it;

onNode('the operator reports an earlier container that starts beside a live one, and ends it at once', async () => {
  const image = `localhost/comes/beside:${Date.now()}`;
  const late = { image, imagePullPolicy: 'Never', startTimeout: '1s', ttl: '10m' } as const;
  await stage.createSession('twice', { target: { podName: 'web' }, command: ['sleep', '600'], ...late });
  const failed = await stage.untilPhase('twice', 'Failed');
  await delay(Math.max(0, Date.parse(failed.status?.runs?.[0]?.startBy ?? '') + 3_000 - Date.now()));
  await stage.changeSession('twice', { attempt: 2, image: busyboxImage, startTimeout: '1m' });
  await stage.untilSession('twice', ({ status }) => status?.attempt === 2 && status.phase === 'Running');

  await stage.cluster.node?.ctr(['images', 'tag', hostileShellImage, image]);
  try {
    const seen = await stage.untilSession('twice', (s) => s.status?.runs?.[0]?.exitCode !== undefined);
    expect(seen.status?.phase).toBe('Running');
    expect(seen.status?.runs).toMatchObject([
      { state: 'StartedLate', exitCode: 7, endedBy: 'Exec', stop: { cause: 'StartedLate', routes: ['Exec'] } },
      { state: 'Running' },
    ]);
    expect(await toldOf(stage, 'twice')).toContain('StartedLate');
    await stage.changeSession('twice', { cancel: true });
    expect(confirmation(await stage.untilPhase('twice', 'Cancelled'))).toMatchObject({ status: 'True' });
    expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  } finally {
    await stage.cluster.node?.ctr(['images', 'rm', image]);
  }
});
