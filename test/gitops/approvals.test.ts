import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { approvalOf } from '../support/cluster/approver.ts';
import { waitingWords } from '../support/cluster/approved-policy.ts';
import { GitOpsScene } from '../support/gitops/scene.ts';

// Dana's commit asks for a session, and the merge of an approval lets it run: two folders, each with a Kustomization
// and an account of its own.

const FILE = 'approvals/look.yaml';
let scene: GitOpsScene;
let policyName: string;

beforeAll(async () => {
  scene = await GitOpsScene.open('approvals');
  policyName = await scene.usePolicy('production', { approval: { required: 1, revokeRunning: true } });
  await scene.addApprover('approver');
  await scene.flux.push({ 'approvals/README.md': 'Approvals of the team\n' });
  await scene.flux.apply('shop-approvals');
  await scene.flux.untilReady('shop-approvals', scene.flux.revision);
});
afterAll(() => scene.close());

const untilWaiting = (attempt: number): Promise<DebugSession> =>
  scene.stage.untilSession(
    'look',
    ({ spec, status }) => spec.attempt === attempt && status?.reason === 'ApprovalRequired',
  );

it('a session from Git waits for its approval, and the merge of the approval lets it run', async () => {
  const { flux, stage } = scene;
  await flux.push({ 'sessions/look.yaml': scene.session('look', { policyName }) });
  await flux.apply('shop-debug');
  const waiting = await untilWaiting(1);
  expect(waitingWords(waiting)).toContain('demands 1 approval, and none is given');
  expect(await scene.injected()).toEqual([]);
  const revision = await flux.push({ [FILE]: approvalOf(waiting, 'look-1', { reason: 'INC-4711 is agreed' }) });
  await flux.untilReady('shop-approvals', revision);
  const { status } = await scene.untilOver('look', 1);
  expect(status?.phase).toBe('Completed');
  expect(status?.runs?.[0]?.approvedBy).toMatchObject([
    { username: `system:serviceaccount:${stage.namespace}:approver`, name: 'look-1', reason: 'INC-4711 is agreed' },
  ]);
  await flux.untilReady('shop-debug', revision);
});

it('Flux writes nothing to an approval or its session, however often it syncs', async () => {
  const { flux } = scene;
  for (let sync = 0; sync < 5; sync += 1)
    for (const name of ['shop-approvals', 'shop-debug'])
      expect(await flux.syncAgain(name)).toMatchObject({ status: 'True' });
  expect((await scene.writesOfFlux()).sort()).toEqual(['patch debugapprovals look-1', 'patch debugsessions look']);
});

it('an approval of one attempt in Git does not let the next run', async () => {
  const { flux } = scene;
  await flux.push({ 'sessions/look.yaml': scene.session('look', { policyName, attempt: 2 }) });
  await untilWaiting(2);
  expect(await flux.syncAgain('shop-approvals')).toMatchObject({ status: 'True' });
  expect(waitingWords(await scene.stage.session('look'))).toContain('none is given');
  expect(await scene.injected()).toHaveLength(1);
});

it('a denial that is merged ends the attempt, and Flux says that the session failed', async () => {
  const { flux } = scene;
  const asked = await scene.stage.session('look');
  const denial = approvalOf(asked, 'look-2', { decision: 'Deny', reason: 'not during the sale' });
  const revision = await flux.push({ 'approvals/denial.yaml': denial });
  const { status } = await scene.untilOver('look', 2);
  expect(status).toMatchObject({ phase: 'Failed', reason: 'ApprovalDenied' });
  expect(await flux.untilFailed('shop-debug', revision)).toContain("look status: 'Failed'");
});

it('a commit that removes the file of an approval takes it back, and ends the run', async () => {
  const { flux } = scene;
  await flux.push({
    'sessions/look.yaml': scene.session('look', { policyName, command: ['sleep', '3600'], attempt: 3 }),
  });
  const asked = await untilWaiting(3);
  const revision = await flux.push({ 'approvals/look-3.yaml': approvalOf(asked, 'look-3') });
  await flux.untilReady('shop-debug', revision);
  expect((await scene.stage.session('look')).status).toMatchObject({ phase: 'Running', attempt: 3 });
  await flux.push({ 'approvals/look-3.yaml': null });
  const { status } = await scene.untilOver('look', 3);
  expect(status).toMatchObject({ phase: 'Cancelled', runs: [{}, {}, { stop: { cause: 'ApprovalWithdrawn' } }] });
});

it('an approval by the account that applies the session does not count, and the session says so', async () => {
  const { flux, stage } = scene;
  await flux.push({ 'sessions/look.yaml': scene.session('look', { policyName, attempt: 4 }) });
  const asked = await untilWaiting(4);
  await scene.letApprove('gitops');
  const revision = await flux.push({ 'own/look-4.yaml': approvalOf(asked, 'look-4') });
  await flux.apply('own', { path: './own' });
  await flux.untilReady('own', revision);
  const told = await stage.untilSession('look', (session) => waitingWords(session).includes('does not count'));
  expect(waitingWords(told)).toContain('they asked for the session themselves');
  expect(told.status).toMatchObject({ phase: 'Pending', reason: 'ApprovalRequired' });
  expect(await scene.injected()).toHaveLength(2);
});
