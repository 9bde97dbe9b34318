import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// A deleted session is not forgotten while its container lives, and not kept for ever either.

let stage: Stage;

/** When the sessions that are held were deleted, and when they went, in ms since the epoch. */
const held = new Map<string, Promise<{ deleted: number; gone: number }>>();

/** Process 1 of a process namespace of its own, without a handler: no signal from inside reaches it. */
const immune: Partial<DebugSessionSpec> = { supervisor: 'None', command: ['sleep', '600'] };

beforeAll(async () => {
  stage = await Stage.open('deletion');
  const names = ['web', 'outlived', 'unpullable'];
  await Promise.all(names.map((name) => stage.runningPod(name, appPod())));
  const target = { podName: 'outlived' };
  await stage.createSession('outlived', { target, ...immune, ttl: '5m' });
  await stage.createSession('unpullable', {
    target: { podName: 'unpullable' },
    image: 'localhost/nobody/has:this',
    command: ['true'],
  });
  await stage.untilPhase('outlived', 'Running');
  await stage.untilPod('unpullable', (pod) => ephemeralNames(pod).length === 1);
  // Both take their 30 s while the other tests run.
  for (const name of ['outlived', 'unpullable']) held.set(name, deleteAndWait(name));
});

afterAll(() => stage.close());

async function deleteAndWait(name: string): Promise<{ deleted: number; gone: number }> {
  await stage.deleteSession(name);
  const deleted = Date.parse((await stage.session(name)).metadata.deletionTimestamp ?? '');
  await stage.untilSessionGone(name, 50_000);
  return { deleted, gone: Date.now() };
}

it('is held until its container has ended, which it sees to', async () => {
  await stage.createSession('short', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '10m' });
  const running = await stage.untilPhase('short', 'Running');
  await stage.deleteSession('short');
  const last = await stage.untilSession('short', (s) => s.status?.phase === 'Cancelled');
  expect(last.metadata.deletionTimestamp).toBeDefined();
  expect(last.status?.runs).toMatchObject([
    { state: 'Ended', endedBy: 'Exec', stop: { cause: 'Deleted', routes: ['Exec'] } },
  ]);
  await stage.untilSessionGone('short', 10_000);
  const [container] = (await stage.pod('web')).status?.ephemeralContainerStatuses ?? [];
  expect(container).toMatchObject({ name: running.status?.debugContainerName, state: { terminated: {} } });
  await stage.until('the end is told', async () =>
    (await stage.events('DebugSession', 'short')).some((event) => event.reason === 'Ended'),
  );
});

it('goes at once while it waits for its pod', async () => {
  await stage.createSession('pending', { target: { podName: 'nobody' }, command: ['true'] });
  await stage.untilPhase('pending', 'Pending');
  await stage.deleteSession('pending');
  await stage.untilSessionGone('pending', 5_000);
});

it('goes at once after its end', async () => {
  await stage.createSession('done', { target: { podName: 'web' }, command: ['true'] });
  await stage.untilSession('done', (s) => s.status?.phase === 'Completed' && s.metadata.finalizers === undefined);
  await stage.deleteSession('done');
  await stage.untilSessionGone('done', 5_000);
});

it.each([
  ['outlived', 'had not ended; it ends by itself only'],
  ['unpullable', 'had not run; it may still start until \\d{4}-.*Z, and ends by itself at \\d{4}-.*Z at the latest'],
])(
  '%s: goes after 30 s at the latest, and the pod carries the warning that says of its container: it %s',
  async (name, words) => {
    const pod = await stage.pod(name);
    const times = await held.get(name);
    const seconds = ((times?.gone ?? 0) - (times?.deleted ?? 0)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(29);
    expect(seconds).toBeLessThan(45);
    const warnings = async () =>
      (await stage.events('Pod', name)).filter((event) => event.reason === 'SessionDeletedWhileRunning');
    await stage.until('the warning is there', async () => (await warnings()).length > 0);
    const [container] = ephemeralNames(pod);
    expect(await warnings()).toMatchObject([{ type: 'Warning', regarding: { kind: 'Pod', uid: pod.metadata.uid } }]);
    expect((await warnings())[0]?.note).toMatch(
      new RegExp(`^DebugSession ${name} was deleted while its container ${container} ${words}$`),
    );
  },
);

it('and what it said is so: the container that was left runs on, the application too', async () => {
  const pod = await stage.pod('outlived');
  expect(pod.status?.ephemeralContainerStatuses).toMatchObject([{ state: { running: {} } }]);
  expect(pod.status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});
