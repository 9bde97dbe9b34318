import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GitOpsScene } from '../support/gitops/scene.ts';

// A commit that the policy forbids fails the sync, in the policy's words. The commit that repairs it runs.

let scene: GitOpsScene;

beforeAll(async () => {
  scene = await GitOpsScene.open('refusals');
});
afterAll(() => scene.close());

it('Flux fails its sync on a session that the policy forbids, in the words of the policy', async () => {
  const { flux, policyName, stage } = scene;
  const { spec } = scene.session('forbidden') as { spec: Record<string, unknown> };
  delete spec['notAfter'];
  const manifest = { ...scene.session('forbidden'), spec: { ...spec, image: 'docker.io/library/nginx:1', ttl: '2h' } };
  const revision = await flux.push({
    'sessions/forbidden.yaml': manifest,
    'sessions/allowed.yaml': scene.session('allowed'),
  });
  await flux.apply('shop-debug');
  const said = await flux.untilFailed('shop-debug', revision);
  expect(said).toContain(`DebugSession/${stage.namespace}/forbidden dry-run failed (Forbidden)`);
  expect(said).toContain(`DebugPolicy ${policyName} does not allow this: `);
  expect(said).toContain('notAfter is not set, and requireNotAfter demands it');
  expect(said).toContain('docker.io/library/nginx:1');
  expect(said).toContain('ttl');
  // Flux asks first, for the whole folder, so the session beside it does not run either.
  expect(await scene.writesOfFlux()).toEqual([]);
  expect(await scene.injected()).toEqual([]);
});

it('Flux runs the session, and the one beside it, once a commit has repaired it', async () => {
  const { flux } = scene;
  const revision = await flux.push({ 'sessions/forbidden.yaml': scene.session('forbidden') });
  await flux.untilReady('shop-debug', revision);
  const ended = await Promise.all(['forbidden', 'allowed'].map((name) => scene.untilOver(name, 1)));
  expect(ended.map(({ status }) => status?.phase)).toEqual(['Completed', 'Completed']);
  expect(await scene.injected()).toHaveLength(2);
});

it('Flux fails its sync where the account of the Kustomization cannot use the policy, and names the right', async () => {
  const { flux, policies, stage } = scene;
  const policyName = await policies.create('of-others');
  const revision = await flux.push({ 'others/stranger.yaml': scene.session('stranger', { policyName }) });
  await flux.apply('others', { path: './others' });
  const said = await flux.untilFailed('others', revision);
  const account = `system:serviceaccount:${stage.namespace}:gitops`;
  expect(said).toContain(`${account} may not use DebugPolicy ${policyName} in namespace ${stage.namespace}`);
  expect(said).toContain('that needs the verb use on debugpolicies of debugsession.dev');
});

it('a session that fails makes Flux say so at once, and with which phase', async () => {
  const { flux, stage } = scene;
  const lapsed = scene.session('lapsed', { notAfter: '2026-01-01T00:00:00Z' });
  const revision = await flux.push({ 'lapsed/lapsed.yaml': lapsed });
  await flux.apply('lapsed', { path: './lapsed' });
  const said = await flux.untilFailed('lapsed', revision);
  expect(said).toContain(
    `failed early due to stalled resources: [DebugSession/${stage.namespace}/lapsed status: 'Failed']`,
  );
  expect((await stage.session('lapsed')).status?.runs?.[0]?.reason).toBe('Lapsed');
});
