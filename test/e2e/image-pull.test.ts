import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { Stage } from '../support/cluster/stage.ts';

/** Longer than the kubelet needs to try twice, so that its reason alternates. */
const START_TIMEOUT_MS = 70_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('image-pull');
});

afterAll(() => stage.close());

// The kubelet tries for ever, and its reason alternates. The record must neither flap with it nor wait for ever.
it('the run fails at startTimeout with the words of the kubelet, and the status does not repeat each try', async () => {
  await stage.runningPod('web');
  const image = 'localhost/nobody/has:this';
  await stage.createSession('unpullable', {
    target: { podName: 'web' },
    image,
    command: ['true'],
    startTimeout: `${START_TIMEOUT_MS / 1000}s`,
  });
  const kubeletSaid = new Set<string | undefined>();
  const flaps = stage.untilPod('web', (pod) => {
    kubeletSaid.add(pod.status?.ephemeralContainerStatuses?.[0]?.state?.waiting?.reason);
    return kubeletSaid.has('ErrImagePull') && kubeletSaid.has('ImagePullBackOff');
  });
  const written = new Set<string>();
  const failed = (seen: DebugSession): boolean => {
    written.add(JSON.stringify([seen.metadata.finalizers, seen.status]));
    return seen.status?.phase === 'Failed';
  };
  const session = await stage.untilSession('unpullable', failed);
  await flaps;
  const [run] = session.status?.runs ?? [];
  expect(run?.reason).toBe('ImagePullFailed');
  expect(run?.message).toMatch(/^The container did not run within 70s: .*localhost\/nobody\/has:this/);
  // As created, with the finalizer, the intent, what it waits for (after 5 s, and again when the kubelet has given a
  // reason), the end.
  expect(written.size).toBeLessThanOrEqual(6);
  expect(Date.parse(run?.finishedAt ?? '') - Date.parse(run?.intendedAt ?? '')).toBeGreaterThanOrEqual(
    START_TIMEOUT_MS,
  );
});
