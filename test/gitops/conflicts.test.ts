import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GitOpsScene } from '../support/gitops/scene.ts';

// Two sources that keep one session, and a commit that changes what is frozen, without force and with it.

const KEEPS_ON = { command: ['sleep', '3600'], ttl: '1h' };
const SOURCES = [
  ['one', 1],
  ['two', 2],
] as const;
let scene: GitOpsScene;

beforeAll(async () => {
  scene = await GitOpsScene.open('conflicts');
});
afterAll(() => scene.close());

it('two sources that fight over the attempt start one container for each attempt, and no more', async () => {
  const { flux, stage } = scene;
  for (const [name, attempt] of SOURCES) {
    await flux.push({ [`${name}/session.yaml`]: scene.session('fought', { attempt }) });
    await flux.apply(name, { path: `./${name}` });
    await scene.untilOver('fought', attempt);
  }
  for (let round = 0; round < 3; round += 1)
    for (const [name, attempt] of SOURCES) {
      expect(await flux.syncAgain(name)).toMatchObject({ status: 'True' });
      expect((await stage.session('fought')).spec.attempt).toBe(attempt);
    }
  const { status } = await stage.session('fought');
  expect(status?.runs?.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(await scene.injected()).toHaveLength(2);
});

it('a source that removes the file does not delete a session that another source applied after it', async () => {
  const { flux, stage } = scene;
  const { metadata } = await stage.session('fought');
  const revision = await flux.push({ 'one/session.yaml': null, 'one/README.md': 'Nothing to apply\n' });
  await flux.untilReady('one', revision);
  expect((await stage.session('fought')).metadata).toMatchObject({ uid: metadata.uid });
  expect(await scene.writesOfFlux()).not.toContain('delete debugsessions fought');
});

it('Flux fails its sync on a frozen field, in the words of the API server, and the run goes on', async () => {
  const { flux, stage } = scene;
  await scene.keepInGit('frozen', KEEPS_ON);
  const before = await stage.session('frozen');
  const changed = scene.session('frozen', { ...KEEPS_ON, command: ['sleep', '1800'] });
  const revision = await flux.push({ 'frozen/session.yaml': changed });
  const said = await flux.untilFailed('frozen', revision);
  expect(said).toContain('command is frozen until the next attempt: raise attempt in the same change');
  expect(await stage.session('frozen')).toMatchObject({ metadata: { uid: before.metadata.uid }, spec: before.spec });
});

it('Flux with force deletes the session for a frozen field, ends its run, and creates it again', async () => {
  const { flux, stage } = scene;
  const before = await stage.session('frozen');
  await flux.change('frozen', { force: true });
  await flux.untilReady('frozen', flux.revision);
  const after = await stage.session('frozen');
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect(after).toMatchObject({ spec: { command: ['sleep', '1800'] }, status: { phase: 'Running', attempt: 1 } });
  const pod = await stage.untilPod('web', ({ status }) =>
    (status?.ephemeralContainerStatuses ?? []).some(
      ({ name, state }) => name === before.status?.debugContainerName && state?.terminated !== undefined,
    ),
  );
  const running = pod.status?.ephemeralContainerStatuses?.filter(({ state }) => state?.running !== undefined);
  expect(running?.map(({ name }) => name)).toEqual([after.status?.debugContainerName]);
});

it('Flux with force does not create again a session that the policy forbids', async () => {
  const { flux, stage } = scene;
  const before = await stage.session('frozen');
  const forbidden = scene.session('frozen', { ...KEEPS_ON, attempt: 2, image: 'docker.io/library/nginx:1' });
  const revision = await flux.push({ 'frozen/session.yaml': forbidden });
  expect(await flux.untilFailed('frozen', revision)).toContain('does not allow this');
  const after = await stage.session('frozen');
  expect(after.metadata.uid).toBe(before.metadata.uid);
  expect(after.status?.phase).toBe('Running');
});

it('Flux with force ends a session for a frozen field, also when the policy then forbids the new one', async () => {
  const { flux, stage } = scene;
  const forbidden = scene.session('frozen', { ...KEEPS_ON, image: 'docker.io/library/nginx:1' });
  const revision = await flux.push({ 'frozen/session.yaml': forbidden });
  expect(await flux.untilFailed('frozen', revision)).toContain('image docker.io/library/nginx:1 is not allowed');
  await stage.untilSessionGone('frozen');
  const written = (await scene.writesOfFlux()).filter((write) => write.endsWith('frozen'));
  expect(written.map((write) => write.split(' ')[0])).toEqual(['patch', 'delete', 'patch', 'delete']);
});
