import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { DebugApproval } from '../../src/api/debugapproval.ts';
import { Policies } from '../support/builders/policies.ts';
import { policyWithApproval } from '../support/cluster/approved-policy.ts';
import { approvalsIn, Approver } from '../support/cluster/approver.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let policies: Policies;
let dana: Dbg;
let alice: Dbg;
let policyName: string;

beforeAll(async () => {
  stage = await Stage.open('plugin-approve');
  policies = new Policies(stage);
  const [person, approver] = await Promise.all([Person.whoMayAsk(stage, 'dana'), Approver.open(stage, 'alice')]);
  // A requester who may approve others, as in most teams.
  await person.bind('clusterrole', 'debugsession-approver');
  dana = new Dbg(stage, 'dana');
  alice = new Dbg(stage, 'alice');
  await stage.runningPod('web');
  policyName = await policyWithApproval(stage, { policies, person, name: 'prod' });
  await stage.until('alice may approve', async () => (await approver.kubectl(['get', 'dbga'])).code === 0);
});

afterAll(async () => {
  dana.close();
  alice.close();
  await policies.close();
  await stage.close();
});

/** A session of dana that waits for an approval, and the terminal on which she waits. */
async function asked(name: string, ...more: string[]) {
  const terminal = dana.open(['web', `--name=${name}`, `--policy=${policyName}`, '--no-target', ...more]);
  await terminal.sees(new RegExp(`Waiting for approval \\(0 of 1\\): kubectl dbg approve ${name} -n`));
  return terminal;
}

const approvalsOf = async (name: string): Promise<DebugApproval[]> =>
  (await approvalsIn(stage)).filter(({ spec }) => spec.sessionName === name);

it('kubectl dbg says whom a session waits for, and another person approves it after they saw the request', async () => {
  const terminal = await asked('look', '--reason=INC-4711', '--', 'echo', 'seen-inside');
  const listed = await alice.run(['ls', '--waiting']);
  expect(listed.stdout).toMatch(/^look +web +Pending +ApprovalRequired .* dana +INC-4711$/m);
  const asks = alice.open(['approve', 'look', '--reason=go ahead']);
  await asks.sees(/by +dana[^]*why +INC-4711[^]*what +\S*busybox\S* : echo seen-inside[^]*Approve this\? \[y\/N\]/);
  asks.type('y');
  expect(await asks.ended()).toMatch(/Approved attempt 1 of session look, which dana asked for\./);
  await terminal.sees(/seen-inside/);
  await terminal.ended();
  const told = await alice.run(['show', 'look']);
  expect(told.stdout).toMatch(/approved +\S+ \S+, by alice: go ahead/);
  const [approval] = await approvalsOf('look');
  expect(approval?.spec).toMatchObject({ decision: 'Approve', approvedBy: { username: 'alice' } });
  // It goes with its session, and nobody has to clean up.
  await stage.deleteSession('look');
  await stage.until('the approval is gone', async () => (await approvalsOf('look')).length === 0);
});

it('kubectl dbg approve creates nothing where the person does not say yes', async () => {
  const terminal = await asked('undecided');
  const asks = alice.open(['approve', 'undecided']);
  await asks.sees(/\[y\/N\]/);
  asks.type('');
  await asks.ended();
  expect(await asks.exitCode()).toBe(1);
  expect(await approvalsOf('undecided')).toEqual([]);
  await stage.changeSession('undecided', { cancel: true });
  await terminal.ended();
});

it('kubectl dbg deny ends the attempt, and tells the requester why', async () => {
  const terminal = await asked('denied');
  const denied = await alice.run(['deny', 'denied', '--reason=not during the sale']);
  expect(denied).toMatchObject({ code: 0, stdout: expect.stringContaining('Denied attempt 1 of session denied') });
  expect(await terminal.ended()).toMatch(/alice denied this attempt: not during the sale/);
  expect(await alice.run(['deny', 'denied'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('session denied is over (Failed): nothing waits for you'),
  });
});

it('kubectl dbg approve refuses a session of the person themselves in words, and creates nothing', async () => {
  const terminal = await asked('own');
  expect(await dana.run(['approve', 'own'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('you asked for session own yourself: another person has to approve it'),
  });
  expect(await approvalsOf('own')).toEqual([]);
  await stage.changeSession('own', { cancel: true });
  await terminal.ended();
});

it('kubectl dbg approve prints an approval for Git, which kubectl applies again and again', async () => {
  const terminal = await asked('in-git', '--', 'true');
  const printed = await alice.run(['approve', 'in-git', '--output=yaml']);
  expect(await approvalsOf('in-git')).toEqual([]);
  expect((parse(printed.stdout) as DebugApproval).metadata).not.toHaveProperty('ownerReferences');
  // The account of a GitOps tool that may approve: here the administrator.
  for (let sync = 0; sync < 2; sync += 1)
    expect(await stage.kubectl(['apply', '-f', '-'], printed.stdout)).toMatchObject({ code: 0 });
  await terminal.ended();
  expect((await stage.session('in-git')).status?.approvers).not.toBeUndefined();
});

it('kubectl dbg approve refuses what waits for no approval', async () => {
  await stage.createSession('free', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '1m' });
  await stage.untilPhase('free', 'Running');
  expect(await alice.run(['approve', 'free'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('session free waits for no approval'),
  });
});
