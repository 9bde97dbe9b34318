import { expect, it } from '@jest/globals';
import { FINALIZER, type DebugSession, type Run } from '../../../src/api/debugsession.ts';
import { UID_VARIABLE } from '../../../src/session/container/container.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import { INJECT, READ_POD, type ReconcilerScene, reconcilerScenes } from '../../support/world/reconciler-scene.ts';

const aScene = reconcilerScenes();

/** A session whose injection had no good answer. Its time to start is over, and no watch shows its container. */
async function unanswered(): Promise<ReconcilerScene> {
  const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
  scene.client.on(INJECT, anApiError(500, 'the answer was lost'));
  await expect(scene.run()).rejects.toThrow('the answer was lost');
  scene.clock.advance(20_000);
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

/** A session whose container was injected, and was not seen to run in its time to start. */
async function unseen(): Promise<ReconcilerScene> {
  const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
  await scene.run();
  scene.clock.advance(20_000);
  return scene;
}

/** What a read of the pod shows of the container of the run. */
function storedPod(scene: ReconcilerScene, state: object): object {
  const name = runOf(scene.session).debugContainerName ?? '';
  const env = [{ name: UID_VARIABLE, value: scene.session.metadata.uid }];
  const { metadata, spec, status } = aPod((stored) => (stored.metadata.resourceVersion = '99'));
  return {
    metadata,
    spec: { ...spec, ephemeralContainers: [{ name, env }] },
    status: { ...status, ephemeralContainerStatuses: [{ name, state }] },
  };
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
