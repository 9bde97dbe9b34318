import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
