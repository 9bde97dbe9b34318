import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ArgoScene } from '../support/gitops/argo-scene.ts';

// A session that Argo CD applies from Git, from the first commit to the last. Each test goes on where the one before
// it ended.

const FILE = 'sessions/inc-4711.yaml';
const KEEPS_ON = { command: ['sleep', '3600'], ttl: '1h' };
let scene: ArgoScene;

beforeAll(async () => {
  scene = await ArgoScene.open('argo');
});
afterAll(() => scene.close());

it('a session from Git runs once, as the account of the project, and Argo CD finds it synced and healthy', async () => {
  const { argo, stage } = scene;
  const revision = await argo.push({ [FILE]: scene.session('inc-4711', KEEPS_ON) });
  await argo.apply('shop-debug');
  const { status: application } = await argo.untilSynced('shop-debug', revision);
  expect(application?.resources).toMatchObject([
    { name: 'inc-4711', status: 'Synced', health: { status: 'Healthy', message: expect.stringMatching(/^Running: /) } },
  ]);
  const { status } = await stage.session('inc-4711');
  expect(status).toMatchObject({ phase: 'Running', attempt: 1 });
  expect(status?.runs?.[0]?.requestedBy?.username).toBe(`system:serviceaccount:${stage.namespace}:gitops`);
  expect(await scene.injected()).toEqual([status?.debugContainerName]);
});

it('Argo CD sees no difference in what the API server and the operator filled in, and writes nothing', async () => {
  const { argo, stage } = scene;
  const before = await stage.session('inc-4711');
  const written = await scene.writesOfArgo();
  expect(before.spec.requestedBy).toBeDefined();
  expect(before.metadata).toMatchObject({ generation: 1, finalizers: [expect.anything()] });
  for (let look = 0; look < 5; look += 1)
    expect((await argo.compare('shop-debug')).status?.sync).toMatchObject({ status: 'Synced' });
  expect((await stage.session('inc-4711')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  expect(await scene.writesOfArgo()).toEqual(written);
});

it('Argo CD takes back what a person changed by kubectl patch, and the run goes on', async () => {
  const { argo, stage } = scene;
  const patch = `--patch=${JSON.stringify({ spec: { ttl: '30m' } })}`;
  expect(await stage.kubectl(['patch', 'dbg', 'inc-4711', '--type=merge', patch])).toMatchObject({ code: 0 });
  const back = await stage.untilSession('inc-4711', ({ spec }) => spec.ttl === '1h');
  expect(back.metadata.generation).toBe(3);
  expect(back.status).toMatchObject({ phase: 'Running', attempt: 1 });
  await argo.until('shop-debug', ({ status }) => status?.sync?.status === 'Synced');
});

it('an attempt that a commit raises while the run lives waits, and Argo CD applies the rest of the commit', async () => {
  const { argo } = scene;
  const raised = scene.session('inc-4711', { ...KEEPS_ON, attempt: 2 });
  const revision = await argo.push({ [FILE]: raised, 'sessions/inc-4712.yaml': scene.session('inc-4712') });
  await argo.compare('shop-debug');
  await scene.untilOver('inc-4712', 1);
  const { status } = await argo.untilSynced('shop-debug', revision, 'Progressing');
  expect(status?.resources).toMatchObject([
    { name: 'inc-4711', status: 'Synced', health: { status: 'Progressing' } },
    { name: 'inc-4712', status: 'Synced', health: { status: 'Healthy' } },
  ]);
});

it('the attempt that waited runs once the run before it is over, and Argo CD finds it healthy', async () => {
  const { argo, stage } = scene;
  const first = (await stage.session('inc-4711')).status?.debugContainerName ?? '';
  const ended = await stage.kubectl(['exec', 'web', `--container=${first}`, '--', 'killall', 'sleep']);
  expect(ended).toMatchObject({ code: 0 });
  await argo.until('shop-debug', ({ status }) => status?.health?.status === 'Healthy');
  const { status } = await stage.session('inc-4711');
  expect(status).toMatchObject({ phase: 'Running', attempt: 2 });
  expect(status?.debugContainerName).not.toBe(first);
});

it('an attempt that a commit raises runs, and is the only change that Argo CD makes', async () => {
  const { argo, stage } = scene;
  const revision = await argo.push({ 'sessions/inc-4712.yaml': scene.session('inc-4712', { attempt: 2 }) });
  await argo.compare('shop-debug');
  await argo.untilSynced('shop-debug', revision);
  const { status } = await scene.untilOver('inc-4712', 2);
  expect(status?.runs?.map(({ attempt }) => attempt)).toEqual([1, 2]);
  // One for the session as it was created, and one for the attempt.
  expect((await stage.session('inc-4712')).metadata.generation).toBe(2);
  expect((await stage.session('inc-4711')).status).toMatchObject({ phase: 'Running', attempt: 2 });
});

it('a session that cannot start makes its Application Degraded, in the words of the operator', async () => {
  const { argo } = scene;
  const failing = scene.session('inc-4713', { command: ['/no/such/program'] });
  await argo.push({ 'sessions/inc-4713.yaml': failing });
  await argo.compare('shop-debug');
  const { status } = await argo.until('shop-debug', (found) => found.status?.health?.status === 'Degraded');
  const failed = status?.resources?.find(({ name }) => name === 'inc-4713');
  expect(failed).toMatchObject({
    status: 'Synced',
    health: { status: 'Degraded', message: expect.stringMatching(/^Failed, /) },
  });
});

it('a session that the policy forbids fails the sync in the words of the policy', async () => {
  const { argo, stage } = scene;
  const forbidden = scene.session('inc-4714', { ttl: '99h' });
  await argo.push({ 'sessions/inc-4714.yaml': forbidden, 'sessions/inc-4713.yaml': null });
  await argo.compare('shop-debug');
  await argo.until('shop-debug', ({ status }) =>
    (status?.operationState?.message ?? '').includes(`DebugPolicy ${scene.policyName} does not allow this`),
  );
  expect(await stage.kubectl(['get', 'dbg', 'inc-4714'])).toMatchObject({ code: 1 });
});

it('Argo CD ends the sessions and deletes their records when a commit removes the last files', async () => {
  const { argo, stage } = scene;
  const revision = await argo.push({
    [FILE]: null,
    'sessions/inc-4712.yaml': null,
    'sessions/inc-4714.yaml': null,
  });
  await argo.compare('shop-debug');
  for (const name of ['inc-4711', 'inc-4712', 'inc-4713']) await stage.untilSessionGone(name);
  await argo.untilSynced('shop-debug', revision);
  const names = await scene.injected();
  await stage.untilPod('web', ({ status }) => {
    const over = (status?.ephemeralContainerStatuses ?? []).filter(({ state }) => state?.terminated);
    return over.length === names.length;
  });
});

// Client-side apply with a three-way comparison is what Argo CD does where nothing is said.
it.each([
  ['by client-side apply', 'client', { syncOptions: [] }],
  [
    'by a comparison on the server',
    'server-diff',
    { annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' } },
  ],
])('Argo CD sees no difference in a session that runs and in one that is over %s', async (_, name, options) => {
  const { argo, stage } = scene;
  const [lives, over] = [`${name}-lives`, `${name}-over`];
  const revision = await argo.push({
    [`${name}/lives.yaml`]: scene.session(lives, KEEPS_ON),
    [`${name}/over.yaml`]: scene.session(over),
  });
  await argo.apply(name, { path: name, ...options });
  await argo.untilSynced(name, revision);
  await scene.untilOver(over, 1);
  const written = await scene.writesOfArgo();
  const { resources } = (await argo.compare(name)).status ?? {};
  expect(resources?.map((found) => [found.name, found.status])).toEqual([
    [lives, 'Synced'],
    [over, 'Synced'],
  ]);
  expect(await scene.writesOfArgo()).toEqual(written);
  expect((await stage.session(over)).metadata.generation).toBe(1);
  expect((await stage.session(lives)).status).toMatchObject({ phase: 'Running', attempt: 1 });
});
