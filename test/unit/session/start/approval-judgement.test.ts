import { describe, expect, it } from '@jest/globals';
import type { DebugApproval } from '../../../../src/api/debugapproval.ts';
import type { Run } from '../../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../../src/api/request-hash.ts';
import {
  type ApprovalJudgement,
  approvalCaseOf,
  judgeApproval,
  withApproval,
} from '../../../../src/session/start/approval.ts';
import type { ApprovalCase } from '../../../../src/session/start/approval-flaws.ts';
import { anApproval, anApprovalCase } from '../../../support/builders/approvals.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';

const MINUTE = 60_000;
const SESSION = aSession();

function judge(about: ApprovalCase, at = NOON + MINUTE): ApprovalJudgement {
  return judgeApproval(about, { at, isIdentityWaived: false });
}

/** Who approved, in the order of the record. */
function recorded(judgement: ApprovalJudgement): string[] {
  return judgement.kind === 'given' ? judgement.by.map(({ name }) => name) : [judgement.kind];
}

function wordsOf(judgement: ApprovalJudgement): string {
  return 'objection' in judgement ? judgement.objection.message : judgement.kind;
}

function approvalAt(username: string, second: number): DebugApproval {
  const creationTimestamp = `2026-01-01T12:00:${String(second).padStart(2, '0')}Z`;
  return anApproval(SESSION, username, { metadata: { creationTimestamp } });
}

describe('the record of the people who approved', () => {
  const [first, second, third] = [approvalAt('mia', 10), approvalAt('alice', 20), approvalAt('bob', 30)];
  const [same, asOld, also] = [approvalAt('a', 10), approvalAt('b', 10), approvalAt('c', 10)];

  it.each<[string, DebugApproval[], string[]]>([
    ['in their order', [first, second, third], ['inspect-web-mia', 'inspect-web-alice']],
    ['in reverse', [third, second, first], ['inspect-web-mia', 'inspect-web-alice']],
    ['the oldest in the middle', [second, first, third], ['inspect-web-mia', 'inspect-web-alice']],
    ['of one second', [same, asOld, also], ['inspect-web-a', 'inspect-web-b']],
    ['of one second in reverse', [also, asOld, same], ['inspect-web-a', 'inspect-web-b']],
    ['of one second, the first name last', [asOld, also, same], ['inspect-web-a', 'inspect-web-b']],
  ])('a run records the oldest approvals, then by name, and no more than required: %s', (_, approvals, names) => {
    expect(recorded(judge(anApprovalCase({ required: 2 }, { approvals })))).toEqual(names);
  });

  it('a run records the uid of an approver who has one', () => {
    const approvedBy = { username: 'alice', uid: 'u-7' };
    const approvals = [anApproval(SESSION, 'alice', { spec: { approvedBy } }), anApproval(SESSION, 'bob')];
    const judgement = judge(anApprovalCase({ required: 2 }, { approvals }));
    const at = '2026-01-01T12:00:30Z';
    expect(judgement).toStrictEqual({
      kind: 'given',
      by: [
        { username: 'alice', uid: 'u-7', at, name: 'inspect-web-alice', approvalUID: 'uid-of-alice' },
        { username: 'bob', at, name: 'inspect-web-bob', approvalUID: 'uid-of-bob' },
      ],
    });
  });

  it('a run that still lacks approvals records none', () => {
    const run = { attempt: 1, policyName: 'default' } as Run;
    expect(withApproval(run, judge(anApprovalCase()))).toEqual(run);
    expect(withApproval(run, undefined)).toEqual(run);
  });
});

describe('approvals by people', () => {
  const by = (username: string, uid: string): DebugApproval =>
    anApproval(SESSION, username, { spec: { approvedBy: { username, uid } } });

  it.each<[string, DebugApproval[], number]>([
    ['two with other names and uids', [by('alice', 'u-1'), by('bob', 'u-2')], 2],
    ['two with other names and an empty uid', [by('alice', ''), by('bob', '')], 2],
    ['two with other names and one uid', [by('alice', 'u-1'), by('bob', 'u-1')], 1],
    ['two with one name and other uids', [by('alice', 'u-1'), by('alice', 'u-2')], 1],
  ])('judgeApproval counts approvals by person: %s', (_, approvals, given) => {
    expect(judge(anApprovalCase({ required: 3 }, { approvals }))).toMatchObject({ kind: 'missing', wanted: { given } });
  });
});

describe('when an approval counts', () => {
  const authority = { kind: 'inForce', since: NOON - 3_600_000 } as const;
  const older = { creationTimestamp: '2026-01-01T11:59:59Z' };

  it.each<[string, string, DebugApproval]>([
    ['in another namespace', 'missing', anApproval(SESSION, 'alice', { metadata: { namespace: 'bank' } })],
    [
      'at the first moment in which the admission policy is certain',
      'given',
      anApproval(SESSION, 'alice', {
        metadata: { creationTimestamp: '2026-01-01T11:00:05Z' },
      }),
    ],
    [
      'without a uid in the second of the session',
      'given',
      anApproval(SESSION, 'alice', {
        metadata: { creationTimestamp: '2026-01-01T12:00:00Z' },
        spec: { sessionUID: undefined as never },
      }),
    ],
    ['with the uid by a clock that is behind', 'given', anApproval(SESSION, 'alice', { metadata: older })],
  ])('judgeApproval finds for an approval %s: %s', (_, kind, approval) => {
    expect(judge(anApprovalCase({ validFor: '2h' }, { authority, approvals: [approval] })).kind).toBe(kind);
  });

  it('a denial never runs out', () => {
    const denial = anApproval(SESSION, 'bob', { spec: { decision: 'Deny' } });
    const judgement = judge(anApprovalCase({ validFor: '5m' }, { approvals: [denial] }), NOON + 60 * MINUTE);
    const message = 'bob denied this attempt';
    expect(judgement).toEqual({ kind: 'refused', objection: { finality: 'never', reason: 'ApprovalDenied', message } });
  });
});

describe('when the approvals are asked about again', () => {
  const approvals = [approvalAt('bob', 40), approvalAt('alice', 20), approvalAt('mia', 30)];

  it.each<[string, Partial<Parameters<typeof anApprovalCase>[1]>, number | undefined]>([
    ['nobody has approved', {}, undefined],
    ['the first of some runs out', { approvals }, NOON + 20_000 + 5 * MINUTE],
    ['an approver lacks the right', { withoutRight: ['uid-of-alice'] }, NOON + 2 * MINUTE],
  ])('a session without enough approvals knows when to look again: %s', (_, known, until) => {
    expect(judge(anApprovalCase({ required: 4, validFor: '5m' }, known))).toMatchObject({ kind: 'missing', until });
  });
});

describe('what a session says that lacks approvals', () => {
  const flawed = ['a', 'b', 'c', 'd', 'e'].map((name) => anApproval(SESSION, name, { spec: { policyName: 'other' } }));
  const why = (name: string): string => `; that of ${name} does not count: it names another DebugPolicy`;
  const howTo =
    'Anybody but dana with the verb approve on DebugPolicy default in namespace shop can give one: kubectl dbg approve inspect-web -n shop';

  it.each<[string, number, DebugApproval[], string]>([
    ['none of one', 1, [], '1 approval, and none is given.'],
    ['one of two', 2, [approvalAt('alice', 20)], '2 approvals, and 1 is given (by alice).'],
    [
      'two of three',
      3,
      [approvalAt('alice', 20), approvalAt('bob', 30)],
      '3 approvals, and 2 are given (by alice, bob).',
    ],
    ['three flawed', 1, flawed.slice(2), `1 approval, and none is given${['c', 'd', 'e'].map(why).join('')}.`],
    [
      'four flawed',
      1,
      flawed.slice(1),
      `1 approval, and none is given${['c', 'd', 'e'].map(why).join('')}; 1 more does not count.`,
    ],
    [
      'five flawed',
      1,
      flawed,
      `1 approval, and none is given${['c', 'd', 'e'].map(why).join('')}; 2 more do not count.`,
    ],
    [
      'a denial that does not count',
      1,
      [anApproval(SESSION, 'dana', { spec: { decision: 'Deny' } })],
      '1 approval, and none is given.',
    ],
    [
      'one that nobody signed',
      1,
      [anApproval(SESSION, 'x', { spec: { approvedBy: undefined as never } })],
      '1 approval, and none is given; that of nobody does not count: it was given before the admission policy on approvals was surely in force.',
    ],
  ])('a session counts its approvals and explains the newest flaws: %s', (_, required, approvals, words) => {
    const judgement = judge(anApprovalCase({ required }, { approvals }));
    expect(wordsOf(judgement)).toBe(`DebugPolicy default demands ${words} ${howTo}`);
  });
});

describe('a judgement without a sure identity', () => {
  const UNCERTAIN =
    'DebugPolicy default demands 1 approval, and the requester is not certain, so nobody can be known to be another person';

  it.each<[string, ApprovalCase, boolean]>([
    ['unknown', anApprovalCase({}, { session: aSession({ requestedBy: undefined as never }) }), false],
    ['not asked for', anApprovalCase(), true],
  ])('judgeApproval refuses a session whose requester is %s', (_, about, isIdentityWaived) => {
    const judgement = judgeApproval(about, { at: NOON, isIdentityWaived });
    expect(judgement).toEqual({
      kind: 'refused',
      objection: { finality: 'never', reason: 'ApprovalRequired', message: UNCERTAIN },
    });
  });

  it.each<[string, ApprovalCase, string]>([
    [
      'nobody has looked',
      { ...anApprovalCase(), view: undefined },
      'the approvals are not known: they have not been read yet',
    ],
    [
      'the approvers are not certain',
      anApprovalCase({}, { authority: { kind: 'waived' }, approvals: [anApproval(SESSION, 'alice')] }),
      'it is not certain who approves: it is waived',
    ],
  ])('a session waits and counts no approval where %s', (_, about, why) => {
    const judgement = judge(about);
    expect(judgement).toEqual({
      kind: 'missing',
      objection: {
        finality: 'later',
        reason: 'ApprovalRequired',
        message: `DebugPolicy default demands 1 approval, and ${why}`,
      },
      wanted: { requestHash: requestHashOf(SESSION.spec), policyName: 'default', required: 1, given: 0 },
      until: undefined,
    });
  });

  it('approvalCaseOf asks for no approval where nothing is known of the policy', () => {
    expect(approvalCaseOf(SESSION, undefined)).toBeUndefined();
  });
});

describe('an exemption of a group', () => {
  it('a requester without groups is not exempt', () => {
    const session = aSession({ requestedBy: { username: 'dana' } });
    const about = anApprovalCase({ exempt: [{ kind: 'Group', name: 'on-call' }] }, { session });
    expect(judge(about).kind).toBe('missing');
  });
});
