import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ephemeralNames } from '../support/builders/pods.ts';
import { GitOpsScene } from '../support/gitops/scene.ts';

// A session that Flux applies from Git, from the first commit to the last. Each test goes on where the one before it
// ended.

const FILE = 'sessions/inc-4711.yaml';
const KEEPS_ON = { command: ['sleep', '3600'], ttl: '1h' };
let scene: GitOpsScene;

beforeAll(async () => {
  scene = await GitOpsScene.open('life');
});
afterAll(() => scene.close());

it('a session from Git runs once, as the account of its Kustomization, and Flux finds it healthy', async () => {
  const { flux, stage } = scene;
  const revision = await flux.push({ [FILE]: scene.session('inc-4711', KEEPS_ON) });
  await flux.apply('shop-debug');
  await flux.untilReady('shop-debug', revision);
  const { status } = await stage.session('inc-4711');
  expect(status).toMatchObject({ phase: 'Running', attempt: 1 });
  expect(status?.runs?.[0]?.requestedBy?.username).toBe(`system:serviceaccount:${stage.namespace}:gitops`);
  expect(await scene.injected()).toEqual([status?.debugContainerName]);
  expect(await scene.writesOfFlux()).toEqual(['patch debugsessions inc-4711']);
});

it('Flux writes nothing to a session that runs, however often it syncs', async () => {
  const { flux, stage } = scene;
  const before = await stage.session('inc-4711');
  for (let sync = 0; sync < 10; sync += 1)
    expect(await flux.syncAgain('shop-debug')).toMatchObject({ status: 'True', reason: 'ReconciliationSucceeded' });
  expect((await stage.session('inc-4711')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  expect(await scene.writesOfFlux()).toEqual(['patch debugsessions inc-4711']);
});

it('an attempt that a commit raises while the run lives waits, and the rest of the commit is applied', async () => {
  const { flux, stage } = scene;
  const raised = scene.session('inc-4711', { ...KEEPS_ON, attempt: 2 });
  await flux.push({ [FILE]: raised, 'sessions/inc-4712.yaml': scene.session('inc-4712') });
  await stage.untilSession('inc-4711', ({ status }) =>
    (status?.conditions ?? []).some(({ type, reason }) => type === 'Reconciling' && reason === 'PreviousRunNotOver'),
  );
  await scene.untilOver('inc-4712', 1);
  expect((await stage.session('inc-4711')).status).toMatchObject({ phase: 'Running', attempt: 1 });
});

it('the attempt that waited runs once the run before it is over, and the sync ends well', async () => {
  const { flux, stage } = scene;
  const first = (await stage.session('inc-4711')).status?.debugContainerName ?? '';
  const ended = await stage.kubectl(['exec', 'web', `--container=${first}`, '--', 'killall', 'sleep']);
  expect(ended).toMatchObject({ code: 0 });
  await flux.untilReady('shop-debug', flux.revision);
  const { status } = await stage.session('inc-4711');
  expect(status).toMatchObject({ phase: 'Running', attempt: 2 });
  expect(status?.debugContainerName).not.toBe(first);
});

it('cancel in a commit ends the session, and Flux finds the record healthy', async () => {
  const { flux } = scene;
  const cancelled = scene.session('inc-4711', { ...KEEPS_ON, attempt: 2, cancel: true });
  const revision = await flux.push({ [FILE]: cancelled });
  const over = await scene.untilOver('inc-4711', 2);
  expect(over.status).toMatchObject({ phase: 'Cancelled' });
  await flux.untilReady('shop-debug', revision);
});

it('a revert to an earlier attempt starts nothing, and the record stays that of the newest', async () => {
  const { flux, stage } = scene;
  for (const attempt of [3, 4]) {
    const revision = await flux.push({ [FILE]: scene.session('inc-4711', { attempt }) });
    await scene.untilOver('inc-4711', attempt);
    await flux.untilReady('shop-debug', revision);
  }
  const reverted = await flux.fetched(await flux.git.revert());
  await flux.untilReady('shop-debug', reverted);
  const { metadata, spec, status } = await stage.untilSession(
    'inc-4711',
    (session) => session.status?.observedGeneration === session.metadata.generation,
  );
  expect(spec.attempt).toBe(3);
  expect(status).toMatchObject({ phase: 'Completed', attempt: 4, observedGeneration: metadata.generation });
  expect(status?.runs?.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  expect(await scene.injected()).toHaveLength(5);
});

it('Flux ends a session and deletes its record when a commit removes the file', async () => {
  const { flux, stage } = scene;
  await flux.push({ [FILE]: scene.session('inc-4711', { ...KEEPS_ON, attempt: 5 }) });
  await flux.untilReady('shop-debug', flux.revision);
  const name = (await scene.injected()).at(-1);
  await flux.push({ [FILE]: null });
  await stage.untilSessionGone('inc-4711');
  const pod = await stage.untilPod('web', ({ status }) =>
    (status?.ephemeralContainerStatuses ?? []).some((found) => found.name === name && found.state?.terminated),
  );
  expect(ephemeralNames(pod)).toHaveLength(6);
  const written = (await scene.writesOfFlux()).filter((write) => write.endsWith('inc-4711'));
  const commits = 7;
  expect(written).toEqual([
    ...Array<string>(commits).fill('patch debugsessions inc-4711'),
    'delete debugsessions inc-4711',
  ]);
});
