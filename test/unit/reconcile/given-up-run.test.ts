import { expect, it } from '@jest/globals';
import { FINALIZER, type DebugSession, type Run } from '../../../src/api/debugsession.ts';
import type { ContainerState, Pod } from '../../../src/api/pod.ts';
import { containerOf } from '../../../src/session/container/container-of.ts';
import { UID_VARIABLE } from '../../../src/session/container/container.ts';
import { UNSUPPORTED } from '../../../src/session/container/supervisor.ts';
import { startDeadline } from '../../../src/session/plan/plan-run.ts';
import { aPod, ARRIVED_MS, aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import {
  FINALIZERS,
  INJECT,
  READ_POD,
  type ReconcilerScene,
  reconcilerScenes,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

const aScene = reconcilerScenes();

/** A session whose injection had no good answer. Its time to start is over, and no watch shows its container. */
async function unanswered(): Promise<ReconcilerScene> {
  const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
  scene.client.on(INJECT, anApiError(500, 'the answer was lost'));
  await expect(scene.run()).rejects.toThrow('the answer was lost');
  scene.clock.advance(ARRIVED_MS);
  return scene;
}

/** From now on a read of the pod finds the container of the run in it, whatever a watch shows. */
function carriedOut(scene: ReconcilerScene): void {
  const name = runOf(scene.session).debugContainerName ?? '';
  const env = [{ name: UID_VARIABLE, value: scene.session.metadata.uid }];
  const pod = aPod((stored) => (stored.metadata.resourceVersion = '99'));
  scene.client.on(READ_POD, { items: [{ ...pod, spec: { ...pod.spec, ephemeralContainers: [{ name, env }] } }] });
}

function runOf({ status }: DebugSession): Run {
  const [run] = status?.runs ?? [];
  if (run === undefined) throw new Error('there is no run');
  return run;
}

function stopOf({ status }: DebugSession): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'StopConfirmed')?.reason;
}

/** How often the pod itself was read. */
const reads = (scene: ReconcilerScene): number => scene.client.sent.filter(({ verb }) => verb === 'GET').length;

it('the operator reads the pod at the API server before it gives up a run as not injected', async () => {
  const scene = await unanswered();
  carriedOut(scene);
  await scene.run();
  expect(runOf(scene.session).injectedAt).toBeDefined();
  expect(stopOf(scene.session)).not.toBe('NothingToStop');
});

it('a run whose container is not in the stored pod is given up with nothing to stop', async () => {
  const scene = await unanswered();
  scene.client.on(READ_POD, { items: [aPod()] });
  await scene.run();
  expect([scene.session.status?.phase, stopOf(scene.session), reads(scene)]).toEqual(['Failed', 'NothingToStop', 1]);
});

it('the operator reads the pod at the API server before it lets go the run of a deleted session', async () => {
  const scene = await unanswered();
  carriedOut(scene);
  scene.edit({ deletionTimestamp: '2026-01-01T12:00:20Z' });
  await scene.run();
  expect(scene.session.metadata.finalizers).toEqual([FINALIZER]);
  expect(runOf(scene.session).injectedAt).toBeDefined();
});

it('the operator reads the pod at the API server before it says that a cancelled run was not injected', async () => {
  const scene = await unanswered();
  carriedOut(scene);
  scene.edit({}, { spec: { ...scene.session.spec, cancel: true } });
  await scene.run();
  expect(runOf(scene.session).injectedAt).toBeDefined();
  expect([scene.session.status?.reason, stopOf(scene.session)]).not.toContain('NothingToStop');
});

/** A session whose container was injected, and was not seen to run in its time to start. */
async function unseen(): Promise<ReconcilerScene> {
  const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
  await scene.run();
  scene.clock.advance(ARRIVED_MS);
  return scene;
}

/** What a read of the pod shows of the container of the run. */
function storedPod(
  scene: ReconcilerScene,
  state: ContainerState,
  name = runOf(scene.session).debugContainerName ?? '',
): Pod {
  const run = scene.session.status?.runs?.find(({ debugContainerName }) => debugContainerName === name);
  const container = containerOf(scene.session, run ?? runOf(scene.session));
  return aPod((stored) => {
    stored.metadata.resourceVersion = '99';
    stored.spec.ephemeralContainers = [container];
    stored.status.ephemeralContainerStatuses = [{ name, state }];
  });
}

it('the operator reads the pod at the API server before it says that a container did not run in time', async () => {
  const scene = await unseen();
  const startedAt = '2026-01-01T12:00:01Z';
  scene.client.on(READ_POD, { items: [storedPod(scene, { running: { startedAt } })] });
  await scene.run();
  expect([scene.session.status?.phase, runOf(scene.session).startedAt]).toEqual(['Running', startedAt]);
});

it('a container that does not run in the stored pod either has not run in time', async () => {
  const scene = await unseen();
  scene.client.on(READ_POD, { items: [storedPod(scene, { waiting: { reason: 'ContainerCreating' } })] });
  await scene.run();
  expect([scene.session.status?.phase, runOf(scene.session).reason]).toEqual(['Failed', 'StartTimeout']);
});

it('the operator reads the pod at the API server in the very moment in which the time to start is over', async () => {
  const scene = aScene(aSession({ startTimeout: '15s' }));
  await scene.run();
  scene.clock.advance(startDeadline(runOf(scene.session)) - scene.clock.now());
  scene.client.on(READ_POD, { items: [storedPod(scene, { running: { startedAt: '2026-01-01T12:00:14Z' } })] });
  await scene.run();
  expect([scene.session.status?.phase, reads(scene)]).toEqual(['Running', 1]);
});

it('the operator reads the pod of the second attempt whatever became of the first', async () => {
  const first: Run = {
    ...{ attempt: 1, state: 'Ended', reason: 'Exited', endedBy: 'Command', exitCode: 0, podName: 'web-1' },
    ...{ podUID: 'pod-uid-1', debugContainerName: 'debug-first', startedAt: '2026-01-01T11:00:00Z' },
  };
  const session = aSession({ attempt: 2, startTimeout: '15s' }, { status: { attempt: 1, runs: [first] } });
  const scene = aScene(session);
  await scene.run();
  scene.clock.advance(ARRIVED_MS);
  const { debugContainerName } = scene.session.status ?? {};
  const state = { waiting: { reason: 'ContainerCreating' } };
  scene.client.on(READ_POD, { items: [storedPod(scene, state, debugContainerName)] });
  await scene.run();
  // Once more after the read has shown another pod than the watch.
  expect([scene.session.status?.runs?.[1]?.reason, reads(scene)]).toEqual(['StartTimeout', 2]);
});

it.each<[string, ContainerState, string]>([
  ['runs', { running: { startedAt: '2026-01-01T12:00:14Z' } }, 'Running'],
  [
    'has ended, of which no more is known',
    { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    'Completed',
  ],
  [
    'was refused by its supervisor',
    {
      terminated: {
        ...{ exitCode: 125, reason: 'Error', message: UNSUPPORTED },
        ...{ startedAt: '2026-01-01T12:00:14Z', finishedAt: '2026-01-01T12:00:14Z' },
      },
    },
    'Failed',
  ],
])('the operator believes a watch that shows late that the container %s', async (_what, state, phase) => {
  const before = await unseen();
  const { session } = before;
  const stored = { ...session, metadata: { ...session.metadata, resourceVersion: '100' } };
  const scene = aScene(stored, storedPod(before, state));
  scene.clock.advance(ARRIVED_MS);
  await scene.run();
  expect([scene.session.status?.phase, reads(scene)]).toEqual([phase, 0]);
});

it('the operator guards a run again before it says that its container did not run in time', async () => {
  const scene = await unseen();
  scene.client.on(READ_POD, { items: [storedPod(scene, { waiting: { reason: 'ContainerCreating' } })] });
  scene.edit({ finalizers: [], labels: {} });
  scene.client.sent.splice(0);
  await scene.run();
  expect(scene.writes).toEqual([FINALIZERS, STATUS]);
  expect(scene.session.status?.phase).toBe('Failed');
});
