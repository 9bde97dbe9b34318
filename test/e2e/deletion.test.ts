import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type Condition,
  type DebugSession,
  type DebugSessionSpec,
  FINALIZER,
  LIVE_LABEL,
} from '../../src/api/debugsession.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { msOf, patient } from '../support/patience.ts';

// A deleted session is not forgotten while its container runs or may start, and goes with its pod at the latest.

let stage: Stage;

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
  for (const name of ['outlived', 'unpullable']) await stage.deleteSession(name);
});

afterAll(() => stage.close());

it('a deleted session stays until the operator has ended its container', async () => {
  await stage.createSession('short', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '10m' });
  const running = await stage.untilPhase('short', 'Running');
  const last = await stage.lastOfDeleted('short');
  expect(last.metadata.deletionTimestamp).toBeDefined();
  expect(last.status?.phase).toBe('Cancelled');
  expect(last.status?.runs).toMatchObject([
    { state: 'Ended', endedBy: 'Exec', stop: { cause: 'Deleted', routes: ['Exec'] } },
  ]);
  const [container] = (await stage.pod('web')).status?.ephemeralContainerStatuses ?? [];
  expect(container).toMatchObject({ name: running.status?.debugContainerName, state: { terminated: {} } });
  await stage.until('the end is told', async () =>
    (await stage.events('DebugSession', 'short')).some((event) => event.reason === 'Ended'),
  );
});

it('a session that waits for its pod goes as soon as it is deleted', async () => {
  await stage.createSession('pending', { target: { podName: 'nobody' }, command: ['true'] });
  await stage.untilPhase('pending', 'Pending');
  await stage.deleteSession('pending');
  expect(await msOf(stage.untilSessionGone('pending'))).toBeLessThan(patient(5_000));
});

it('a session that has ended goes as soon as it is deleted', async () => {
  await stage.createSession('done', { target: { podName: 'web' }, command: ['true'] });
  await stage.untilSession('done', (s) => s.status?.phase === 'Completed' && s.metadata.finalizers === undefined);
  await stage.deleteSession('done');
  expect(await msOf(stage.untilSessionGone('done'))).toBeLessThan(patient(5_000));
});

const waiting = (session: DebugSession): Condition | undefined =>
  session.status?.conditions?.find(({ type }) => type === 'DeletionWaiting');

it('a deleted session waits for a container that nothing ends, says so in its status, and keeps its finalizer', async () => {
  const stays = await stage.untilSession('outlived', (s) => s.status?.runs?.[0]?.stop?.unconfirmed !== undefined);
  const [container] = ephemeralNames(await stage.pod('outlived'));
  expect(waiting(stays)).toMatchObject({ status: 'True', reason: 'ContainerRuns' });
  expect(waiting(stays)?.message).toBe(
    `Container ${container} of pod outlived has not ended. The session is deleted once the kubelet reports the end, or once the pod is gone; delete the pod to end the wait`,
  );
  expect([stays.status?.phase, stays.metadata.finalizers, stays.metadata.labels?.[LIVE_LABEL]]).toEqual([
    'Ending',
    [FINALIZER],
    'true',
  ]);
  const described = (await stage.kubectl(['describe', 'dbg', 'outlived'])).stdout;
  expect(described).toContain('delete the pod to end the wait');
  const pod = await stage.pod('outlived');
  expect(pod.status?.ephemeralContainerStatuses).toMatchObject([{ state: { running: {} } }]);
  expect(pod.status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});

it('a deleted session waits for a container that may still start, and an event says so', async () => {
  const stays = await stage.untilSession('unpullable', (s) => waiting(s)?.reason === 'ContainerMayStart');
  expect([stays.status?.phase, stays.metadata.finalizers]).toEqual(['Cancelled', [FINALIZER]]);
  const told = async () =>
    (await stage.events('DebugSession', 'unpullable')).filter(({ reason }) => reason === 'DeletionWaiting');
  await stage.until('the event is there', async () => (await told()).length > 0);
  expect(await told()).toMatchObject([{ type: 'Warning', note: waiting(stays)?.message }]);
});

it.each(['outlived', 'unpullable'])('session %s goes when its pod is deleted', async (name) => {
  await stage.session(name);
  await stage.deletePod(name);
  await stage.untilSessionGone(name);
});
