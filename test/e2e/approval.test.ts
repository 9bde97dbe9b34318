import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PolicyApproval } from '../../src/api/debugpolicy.ts';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { requestHashOf } from '../../src/api/request-hash.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { policyWithApproval, waitingWords } from '../support/cluster/approved-policy.ts';
import { Approver } from '../support/cluster/approver.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

// A second pair of eyes: dana asks, alice and bob approve or deny, all by plain kubectl.

let stage: Stage;
let policies: Policies;
let dana: Person;
let alice: Approver;
let bob: Approver;

beforeAll(async () => {
  stage = await Stage.open('approval');
  policies = new Policies(stage);
  const people = [Person.whoMayAsk(stage, 'dana'), Approver.open(stage, 'alice'), Approver.open(stage, 'bob')] as const;
  [dana, alice, bob] = await Promise.all(people);
  await stage.createPod('web', appPod());
});

afterAll(async () => {
  await policies.close();
  await stage.close();
});

const usable = (name: string, approval: Partial<PolicyApproval> = {}): Promise<string> =>
  policyWithApproval(stage, { policies, person: dana, name, approval });

async function asked(name: string, policyName: string): Promise<DebugSession> {
  const outcome = await dana.asks(name, { policyName, command: ['true'], justification: 'INC-4711' });
  expect(outcome).toMatchObject({ code: 0 });
  return stage.untilSession(name, ({ status }) => status?.reason === 'ApprovalRequired');
}

it('a session waits until two people have approved it by kubectl, and records who they are', async () => {
  const policyName = await usable('two', { required: 2 });
  const waiting = await asked('pair', policyName);
  expect(waitingWords(waiting)).toContain(
    `demands 2 approvals, and none is given. Anybody but dana with the verb approve`,
  );
  expect(waiting.status?.approval).toEqual({
    requestHash: requestHashOf(waiting.spec),
    policyName,
    required: 2,
    given: 0,
  });
  expect(await alice.decides('pair', { reason: 'agreed on the phone' })).toMatchObject({ code: 0 });
  const half = await stage.untilSession('pair', ({ status }) => status?.approval?.given === 1);
  expect(waitingWords(half)).toContain('1 is given (by alice)');
  expect(ephemeralNames(await stage.pod('web'))).toEqual([]);
  expect(await bob.decides('pair')).toMatchObject({ code: 0 });
  const { status } = await stage.untilPhase('pair', 'Completed');
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const uid = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(status?.runs?.[0]?.approvedBy).toEqual([
    { username: 'alice', at, name: 'pair-alice', approvalUID: uid, reason: 'agreed on the phone' },
    { username: 'bob', at, name: 'pair-bob', approvalUID: uid },
  ]);
  const wide = await dana.kubectl(['get', 'dbg', 'pair', '--output=wide']);
  expect(wide.stdout).toMatch(/APPROVED-BY[^]*alice, bob/);
  const told = (await stage.events('DebugSession', 'pair')).map(({ reason }) => reason);
  // Accepted is told only of an attempt that waits for something else, too.
  expect(told.filter((reason) => reason !== 'Accepted').slice(0, 3)).toEqual([
    'ApprovalRequired',
    'Approved',
    'Injected',
  ]);
});

it('a denial ends the attempt for good, in the words of the person who denied it', async () => {
  const policyName = await usable('one');
  await asked('denied', policyName);
  expect(await bob.decides('denied', { decision: 'Deny', reason: 'not during the sale' })).toMatchObject({ code: 0 });
  const { status } = await stage.untilPhase('denied', 'Failed');
  expect(status?.runs).toMatchObject([
    { reason: 'ApprovalDenied', message: 'bob denied this attempt: not during the sale' },
  ]);
  expect(await alice.decides('denied')).toMatchObject({ code: 0 });
  // Another attempt is asked for anew.
  await dana.patch('denied', { spec: { attempt: 2 } });
  const again = await stage.untilSession('denied', (session) => session.status?.approval !== undefined);
  expect(again.status?.approval?.given).toBe(0);
});

it('an approval never changes, and counts only as the person whom the API server knows', async () => {
  const policyName = await usable('stamped');
  await asked('stamped', policyName);
  expect(await alice.decides('stamped')).toMatchObject({ code: 0 });
  const found = await alice.kubectl(['get', 'dbga', 'stamped-alice', '--output=json']);
  const approval = JSON.parse(found.stdout) as { spec: { approvedBy: object; reason?: string } };
  expect(approval.spec.approvedBy).toMatchObject({ username: 'alice' });
  const changed = await stage.kubectl([
    'patch',
    'dbga',
    'stamped-alice',
    '--type=merge',
    '-p',
    '{"spec":{"reason":"x"}}',
  ]);
  expect([changed.code, changed.stderr]).toEqual([1, expect.stringContaining('an approval never changes')]);
  await stage.untilPhase('stamped', 'Completed');
});
