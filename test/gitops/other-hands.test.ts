import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GitOpsScene } from '../support/gitops/scene.ts';

// People change, cancel and delete the sessions that Flux applies, stop the sync, and lose the record.

const KEEPS_ON = { command: ['sleep', '3600'], ttl: '1h' };
const LONG_AGO = '2026-01-01T00:00:00Z';
let scene: GitOpsScene;

beforeAll(async () => {
  scene = await GitOpsScene.open('hands');
});
afterAll(() => scene.close());

async function patchByKubectl(name: string, spec: object): Promise<void> {
  const patch = `--patch=${JSON.stringify({ spec })}`;
  expect(await scene.stage.kubectl(['patch', 'dbg', name, '--type=merge', patch])).toMatchObject({ code: 0 });
}

it('a suspended Kustomization starts nothing, and applies the commit when it is resumed', async () => {
  const { flux, stage } = scene;
  await scene.keepInGit('suspended');
  await scene.untilOver('suspended', 1);
  await flux.change('suspended', { suspend: true });
  await flux.push({ 'suspended/session.yaml': scene.session('suspended', { attempt: 2 }) });
  // Flux has dealt with the commit, for a Kustomization that is not suspended.
  await scene.keepInGit('beside');
  expect((await stage.session('suspended')).spec.attempt).toBe(1);
  await flux.change('suspended', { suspend: false });
  const { status } = await scene.untilOver('suspended', 2);
  expect(status?.runs?.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

it('Flux takes back every field that a person changed by kubectl patch, and the run goes on', async () => {
  const { flux, stage } = scene;
  await scene.keepInGit('edited', KEEPS_ON);
  const { spec: committed } = await stage.session('edited');
  await patchByKubectl('edited', { ttl: '30m', ifUnstoppable: 'Report' });
  expect(await flux.syncAgain('edited')).toMatchObject({ status: 'True' });
  const { spec, status } = await stage.session('edited');
  expect(spec).toEqual(committed);
  expect(status).toMatchObject({ phase: 'Running', attempt: 1 });
});

it('Flux takes a field of the commit back from another server-side apply, and leaves it the others', async () => {
  const { flux, stage } = scene;
  const { apiVersion, kind, metadata, spec: committed } = await stage.session('edited');
  const spec = { ttl: '30m', ifUnstoppable: 'Report' };
  const manifest = JSON.stringify({ apiVersion, kind, metadata: { name: metadata.name }, spec });
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=team', '-f', '-'];
  expect(await stage.kubectl(args, manifest)).toMatchObject({ code: 0 });
  expect((await stage.session('edited')).spec.ttl).toBe('30m');
  expect(await flux.syncAgain('edited')).toMatchObject({ status: 'True' });
  expect((await stage.session('edited')).spec).toEqual({ ...committed, ifUnstoppable: 'Report' });
});

it('a session that a person cancels by kubectl stays over, also when Flux takes the field back', async () => {
  const { flux, stage } = scene;
  const before = await scene.injected();
  await patchByKubectl('edited', { cancel: true });
  await scene.untilOver('edited', 1);
  expect(await flux.syncAgain('edited')).toMatchObject({ status: 'True' });
  const { spec, status } = await stage.session('edited');
  expect(spec.cancel).toBeUndefined();
  expect(status).toMatchObject({ phase: 'Cancelled', attempt: 1 });
  expect(await scene.injected()).toEqual(before);
});

it('Flux creates a session again that a person deleted, and it runs again', async () => {
  const { flux, stage } = scene;
  await scene.keepInGit('deleted');
  await scene.untilOver('deleted', 1);
  const before = await scene.injected();
  await stage.deleteSession('deleted');
  await stage.untilSessionGone('deleted');
  expect(await flux.syncAgain('deleted')).toMatchObject({ status: 'True' });
  await scene.untilOver('deleted', 1);
  expect(await scene.injected()).toHaveLength(before.length + 1);
});

it('a cluster without the record of a run does not run its commit after notAfter', async () => {
  const { flux, stage } = scene;
  const revision = await flux.push({ 'deleted/session.yaml': scene.session('deleted', { notAfter: LONG_AGO }) });
  await flux.untilReady('deleted', revision);
  const before = await scene.injected();
  await stage.deleteSession('deleted');
  await stage.untilSessionGone('deleted');
  expect(await flux.syncAgain('deleted')).toMatchObject({ status: 'False' });
  const { status } = await stage.session('deleted');
  expect(status?.runs?.map(({ reason }) => reason)).toEqual(['Lapsed']);
  expect(await scene.injected()).toEqual(before);
});
