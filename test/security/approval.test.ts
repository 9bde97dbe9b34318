import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { PolicyApproval } from '../../src/api/debugpolicy.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { policyWithApproval, waitingWords } from '../support/cluster/approved-policy.ts';
import { approvalOf, approvalsIn, Approver } from '../support/cluster/approver.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

// Nobody gets in without a second pair of eyes. Each test is named after the attack.

const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';

let stage: Stage;
let policies: Policies;
/** Asks, and may approve as well. */
let dana: Approver;
let alice: Approver;
/** Approves and denies as well. */
let dora: Approver;
/** May create approvals, and may not approve under the policy. */
let eve: Person;
let policyName: string;

beforeAll(async () => {
  stage = await Stage.open('approval-attacks');
  policies = new Policies(stage);
  [dana, alice, dora] = await Promise.all([
    Approver.open(stage, 'dana', ['devs']),
    Approver.open(stage, 'alice'),
    Approver.open(stage, 'dora'),
  ]);
  await dana.bind('clusterrole', 'debugsession-user');
  eve = new Person(stage, 'eve');
  const creates = ['create', 'role', 'creates', '--verb=create', '--resource=debugapprovals.debugsession.dev'];
  expect(await stage.kubectl(creates)).toMatchObject({ code: 0 });
  await eve.bind('role', 'creates');
  await stage.createPod('web', appPod());
  policyName = await usable('prod');
});

afterAll(async () => {
  await policies.close();
  await stage.close();
});

const usable = (name: string, approval: Partial<PolicyApproval> = {}): Promise<string> =>
  policyWithApproval(stage, { policies, person: dana, name, approval });

/** A session of dana that waits for an approval. */
async function asked(name: string, spec: Partial<DebugSessionSpec> = {}): Promise<DebugSession> {
  expect(await dana.asks(name, { policyName, command: ['true'], ...spec })).toMatchObject({ code: 0 });
  return stage.untilSession(name, ({ status }) => status?.reason === 'ApprovalRequired');
}

/** The session waits, says so in these words, and nothing of it is in the pod. */
async function stillWaits(name: string, words: RegExp): Promise<void> {
  const { status } = await stage.untilSession(name, (session) => words.test(waitingWords(session)));
  expect([status?.phase, status?.reason, status?.runs]).toEqual(['Pending', 'ApprovalRequired', undefined]);
  expect(ephemeralNames(await stage.pod('web')).filter((each) => each === status?.debugContainerName)).toEqual([]);
}

const FORBIDDEN = 1;

describe('an approval in the wrong name', () => {
  it('the approval of the requester does not count, whatever rights they have', async () => {
    await asked('own');
    expect(await dana.decides('own')).toMatchObject({ code: 0 });
    await stillWaits('own', /that of dana does not count: they asked for the session themselves/);
  });

  it('the approval of the requester under another name with the same uid does not count', async () => {
    const manifest = {
      policyName,
      command: ['true'],
      target: { podName: 'web' },
      image: 'docker.io/library/busybox:1.36',
    };
    const session = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name: 'renamed' } };
    const uid = '--as-uid=0b5c9b2e-0000-4000-8000-00000000d0d0';
    const input = JSON.stringify({ ...session, spec: manifest });
    expect(await dana.kubectl([uid, 'create', '-f', '-'], input)).toMatchObject({ code: 0 });
    const waiting = await stage.untilSession('renamed', ({ status }) => status?.reason === 'ApprovalRequired');
    const approval = JSON.stringify(approvalOf(waiting, 'renamed'));
    expect(await alice.kubectl([uid, 'create', '-f', '-'], approval)).toMatchObject({ code: 0 });
    await stillWaits('renamed', /that of alice does not count: they asked for the session themselves/);
  });

  it('nobody writes an approval in the name of somebody else', async () => {
    const session = await asked('forged');
    const forged = approvalOf(session, 'forged', { approvedBy: { username: 'alice' } });
    const outcome = await dana.create(forged);
    expect([outcome.code, outcome.stderr]).toEqual([
      FORBIDDEN,
      expect.stringContaining('spec.approvedBy must be who approves, dana with all groups, not alice'),
    ]);
    const withGroups = { username: 'dana', groups: ['devs', 'system:masters', 'system:authenticated'] };
    expect((await dana.create(approvalOf(session, 'forged', { approvedBy: withGroups }))).code).toBe(FORBIDDEN);
    expect((await approvalsIn(stage)).filter(({ spec }) => spec.sessionName === 'forged')).toEqual([]);
  });

  it('nobody changes an approval, not even an administrator, and a sync again keeps its author', async () => {
    const session = await asked('altered');
    const denied = approvalOf(session, 'altered', { decision: 'Deny', sessionName: 'altered-other' });
    expect(await alice.apply(denied)).toMatchObject({ code: 0 });
    const patch = '--patch={"spec":{"decision":"Approve","sessionName":"altered"}}';
    const changed = await stage.kubectl(['patch', 'dbga', 'altered', '--type=merge', patch]);
    expect([changed.code, changed.stderr]).toEqual([1, expect.stringContaining('an approval never changes')]);
    for (const args of [[], ['--server-side', '--force-conflicts']])
      expect(await dana.apply(denied, ...args)).toMatchObject({ code: 0 });
    const [found] = (await approvalsIn(stage)).filter(({ metadata }) => metadata.name === 'altered');
    expect(found?.spec).toMatchObject({ decision: 'Deny', approvedBy: { username: 'alice' } });
  });

  it('the API server, and not the approver, says when an approval was given', async () => {
    const session = await asked('timed', { policyName: await usable('short', { validFor: '1s' }) });
    const approval = approvalOf(session, 'timed');
    const metadata = { ...approval.metadata, creationTimestamp: '2099-01-01T00:00:00Z' };
    const before = Date.now();
    expect(await alice.create({ ...approval, metadata })).toMatchObject({ code: 0 });
    const [found] = (await approvalsIn(stage)).filter((each) => each.metadata.name === 'timed');
    const given = Date.parse(found?.metadata.creationTimestamp ?? '');
    expect(given).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
    expect(given).toBeLessThanOrEqual(Date.now());
  });
});

describe('an approval without the right', () => {
  it('a person without the verb approve in this namespace is refused at once', async () => {
    const session = await asked('no-right');
    const outcome = await eve.create(approvalOf(session, 'no-right'));
    expect([outcome.code, outcome.stderr]).toEqual([
      FORBIDDEN,
      expect.stringContaining(
        `eve may not approve or deny under DebugPolicy ${policyName} in namespace ${stage.namespace}: that needs the verb approve`,
      ),
    ]);
  });

  it('the verb approve on another policy does not help', async () => {
    const other = await policies.create('other', { approval: { required: 1 } });
    const verb = { apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], verbs: ['approve'] };
    const role = { metadata: { name: 'other' }, rules: [{ ...verb, resourceNames: [other] }] };
    await stage.client.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${stage.namespace}/roles`, role);
    await eve.bind('role', 'other');
    const session = await asked('other-policy');
    expect((await eve.create(approvalOf(session, 'other-policy'))).code).toBe(FORBIDDEN);
    await stage.until('eve may approve under the other policy', async () => {
      return (await eve.create(approvalOf(session, 'other-policy', { policyName: other }))).code === 0;
    });
    await stillWaits('other-policy', /that of eve does not count: it names another DebugPolicy/);
  });

  it('the verb approve in another namespace does not help', async () => {
    const elsewhere = `${stage.namespace}-b`;
    await stage.client.create('/api/v1/namespaces', { metadata: { name: elsewhere } });
    try {
      const bound = ['create', 'rolebinding', 'mallory', '--clusterrole=debugsession-approver', '--user=mallory'];
      expect(await stage.kubectl([...bound, `--namespace=${elsewhere}`])).toMatchObject({ code: 0 });
      const mallory = new Person(stage, 'mallory');
      await mallory.bind('role', 'creates');
      const session = await asked('elsewhere');
      const approval = approvalOf(session, 'elsewhere');
      const input = JSON.stringify(approval);
      await stage.until('mallory may approve over there', async () => {
        return (await mallory.kubectl([`--namespace=${elsewhere}`, 'create', '-f', '-'], input)).code === 0;
      });
      await stage.until('mallory may create approvals here', async () => {
        const may = await mallory.kubectl(['auth', 'can-i', 'create', 'debugapprovals.debugsession.dev']);
        return may.stdout.trim() === 'yes';
      });
      expect(await mallory.create(approval)).toMatchObject({
        code: FORBIDDEN,
        stderr: expect.stringContaining('mallory may not approve or deny'),
      });
      await stillWaits('elsewhere', /none is given\. /);
    } finally {
      await stage.client.delete(`/api/v1/namespaces/${elsewhere}`);
    }
  });

  it('the operator approves nothing, by its role, and not with the right either', async () => {
    const session = await asked('by-operator');
    const operator = new Person(stage, OPERATOR);
    const refused = await operator.create(approvalOf(session, 'by-operator'));
    expect(refused.stderr).toContain('cannot create resource "debugapprovals"');
    await operator.bind('clusterrole', 'debugsession-approver');
    await stage.until('the operator is refused by name', async () => {
      const { code, stderr } = await operator.create(approvalOf(session, 'by-operator'));
      expect(code).toBe(FORBIDDEN);
      return stderr.includes('the operator does not approve what it runs');
    });
  });

  it('an approval does not count any more once its author has lost the right', async () => {
    const two = await usable('two', { required: 2 });
    const bob = await Approver.open(stage, 'bob');
    const carol = await Approver.open(stage, 'carol');
    await asked('right-lost', { policyName: two });
    expect(await bob.decides('right-lost')).toMatchObject({ code: 0 });
    await stage.untilSession('right-lost', ({ status }) => status?.approval?.given === 1);
    expect(await stage.kubectl(['delete', 'rolebinding', 'bob-debugsession-approver'])).toMatchObject({ code: 0 });
    await stage.until('bob has lost it', async () => (await bob.kubectl(['get', 'dbga'])).code !== 0);
    expect(await carol.decides('right-lost')).toMatchObject({ code: 0 });
    await stillWaits(
      'right-lost',
      /1 is given \(by carol\); that of bob does not count: they may not approve any more/,
    );
    expect(await alice.decides('right-lost')).toMatchObject({ code: 0 });
    const { status } = await stage.untilPhase('right-lost', 'Completed');
    // Both may have been given within a second, in which the names decide.
    expect(status?.runs?.[0]?.approvedBy?.map(({ username }) => username).toSorted()).toEqual(['alice', 'carol']);
  });
});

describe('an approval that is used again', () => {
  it('an approval of one attempt does not start the next', async () => {
    await asked('attempts');
    expect(await alice.decides('attempts')).toMatchObject({ code: 0 });
    await stage.untilPhase('attempts', 'Completed');
    expect(await dana.patch('attempts', { spec: { attempt: 2 } })).toMatchObject({ code: 0 });
    await stage.untilSession('attempts', ({ status }) => status?.reason === 'ApprovalRequired');
    const { status } = await stage.session('attempts');
    expect([status?.runs?.length, status?.approval?.given]).toEqual([1, 0]);
  });

  it.each([
    ['with the uid of the first', 'with-uid', {}, /none is given\. /],
    ['without a uid, as from Git', 'without-uid', { sessionUID: undefined as never }, /names no uid and is older/],
  ])('a session that is made again does not start by the approval %s', async (_, name, more, words) => {
    const first = await asked(name);
    expect(await alice.decides(name, more)).toMatchObject({ code: 0 });
    await stage.untilPhase(name, 'Completed');
    const [approval] = (await approvalsIn(stage)).filter(({ spec }) => spec.sessionName === name);
    await stage.deleteSession(name);
    await stage.untilSessionGone(name);
    // Within the second of the approval an equal session could pass: ADR 0044 says so.
    const given = Date.parse(approval?.metadata.creationTimestamp ?? '');
    await stage.until('the second of the approval is over', () => Promise.resolve(Date.now() >= given + 1_000));
    const again = await asked(name);
    expect(again.metadata.uid).not.toBe(first.metadata.uid);
    await stillWaits(name, words);
  });

  it('an approval of one session does not start another that asks for the same', async () => {
    const first = await asked('twin-a');
    await asked('twin-b');
    // All but the name and the uid is the same, the hash too.
    expect(await alice.create(approvalOf(first, 'twin', { sessionName: 'twin-b' }))).toMatchObject({ code: 0 });
    await stillWaits('twin-b', /none is given\. /);
  });
});

describe('an approval of something else', () => {
  it('a change of the request takes the approval back', async () => {
    const session = await asked('changed', { policyName: await usable('pair', { required: 2 }) });
    expect(await alice.decides('changed')).toMatchObject({ code: 0 });
    await stage.untilSession('changed', ({ status }) => status?.approval?.given === 1);
    expect(await dana.patch('changed', { spec: { ttl: '4h' } })).toMatchObject({ code: 0 });
    await stillWaits('changed', /that of alice does not count: it is about another request/);
    const { status } = await stage.session('changed');
    expect(status?.approval?.requestHash).not.toBe(session.status?.approval?.requestHash);
  });

  it.each<[string, Partial<DebugSessionSpec>]>([
    ['a longer ttl', { ttl: '4h' }],
    ['another attempt with another command', { attempt: 2, command: ['echo', 'steal'] }],
  ])('a request that changes to %s at the moment of its approval runs as it was approved', async (words, change) => {
    for (let round = 0; round < 5; round += 1) {
      const name = `race-${words.split(' ')[0]}-${words.length}-${round}`;
      const session = await asked(name, { command: ['echo', 'harmless'], ttl: '1m' });
      const [approved, changed] = await Promise.all([
        alice.create(approvalOf(session, name)),
        dana.patch(name, { spec: change }),
      ]);
      expect([approved.code, changed.code]).toEqual([0, 0]);
      // The approved attempt has run, or the session waits and has seen that the approval is about something else.
      const { status } = await stage.untilSession(
        name,
        (seen) =>
          seen.status?.runs?.[0]?.overAt !== undefined ||
          /does not count/.test(waitingWords(seen)) ||
          (seen.status?.reason === 'ApprovalRequired' && seen.status.observedGeneration === seen.metadata.generation),
      );
      const [run] = status?.runs ?? [];
      const ran = run?.startedAt === undefined ? 'nothing' : `${run.commandLine} ${run.effective?.ttl}`;
      expect(['nothing', 'echo harmless 1m']).toContain(ran);
      expect(JSON.stringify((await stage.pod('web')).spec)).not.toContain('steal');
    }
  });
});

it('an impersonated approver is known as the person impersonated, and only the audit log knows more', async () => {
  // Whoever may impersonate can be two people. RBAC has to see to it: docs/guides/approval.md.
  await asked('impersonated');
  expect(await alice.decides('impersonated')).toMatchObject({ code: 0 });
  const { status } = await stage.untilPhase('impersonated', 'Completed');
  expect(status?.runs?.[0]?.approvedBy).toMatchObject([{ username: 'alice' }]);
});

it('ten thousand approvals of one session neither start it nor hold others up', async () => {
  const session = await asked('flooded');
  const wrong = { requestHash: '0'.repeat(64) };
  const path = `/apis/debugsession.dev/v1alpha1/namespaces/${stage.namespace}/debugapprovals`;
  // The administrator has every right, and no sense.
  for (let begun = 0; begun < 10_000; begun += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => stage.client.create(path, approvalOf(session, `flood-${begun + i}`, wrong))),
    );
  await stillWaits('flooded', /about another request.*; 9997 more do not count\. /);
  await asked('beside');
  expect(await alice.decides('beside')).toMatchObject({ code: 0 });
  await stage.untilPhase('beside', 'Completed');
  expect(await alice.decides('flooded')).toMatchObject({ code: 0 });
  const { status } = await stage.untilPhase('flooded', 'Completed');
  expect(status?.approvers).toBe('alice');
});

describe('an approval that is withdrawn after the start', () => {
  it.each<[string, boolean, (name: string) => Promise<unknown>]>([
    ['ends the run where the policy says so', true, (name) => alice.withdraws(name)],
    ['ends the run by a denial where the policy says so', true, (name) => dora.decides(name, { decision: 'Deny' })],
    ['leaves the run alone where the policy says nothing', false, (name) => alice.withdraws(name)],
  ])('a withdrawn approval %s', async (words, revokeRunning, withdraw) => {
    const name = `withdrawn-${words.length}`;
    const command = ['sleep', '600'];
    await asked(name, { policyName: await usable(name, { revokeRunning }), command, ttl: '15m' });
    expect(await alice.decides(name)).toMatchObject({ code: 0 });
    await stage.untilPhase(name, 'Running');
    expect(await withdraw(name)).toMatchObject({ code: 0 });
    if (revokeRunning) {
      const { status } = await stage.untilPhase(name, 'Cancelled');
      expect(status?.runs).toMatchObject([
        { stop: { cause: 'ApprovalWithdrawn' }, approvedBy: [{ username: 'alice' }] },
      ]);
    } else {
      // Another session of the same operator goes its whole way after the withdrawal was seen.
      await asked(`${name}-next`);
      expect(await alice.decides(`${name}-next`)).toMatchObject({ code: 0 });
      await stage.untilPhase(`${name}-next`, 'Completed');
      expect((await stage.session(name)).status?.phase).toBe('Running');
    }
  });
});
