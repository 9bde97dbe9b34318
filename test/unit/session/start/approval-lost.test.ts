import { describe, expect, it } from '@jest/globals';
import type { DebugApproval } from '../../../../src/api/debugapproval.ts';
import type { RunApproval } from '../../../../src/api/debugsession.ts';
import { approvalLost, isWithdrawn } from '../../../../src/session/start/approval.ts';
import { type ApprovalCase, isSamePerson } from '../../../../src/session/start/approval-flaws.ts';
import { anApproval, anApprovalCase } from '../../../support/builders/approvals.ts';
import { aSession } from '../../../support/builders/builders.ts';

const SESSION = aSession();
const ALICE = anApproval(SESSION, 'alice');
const BOB = anApproval(SESSION, 'bob');
const GOING: Partial<DebugApproval['metadata']> = { deletionTimestamp: '2026-01-01T12:00:50Z' };

/** As the run recorded it. */
function record(...usernames: string[]): RunApproval[] {
  return usernames.map((username) => ({
    ...{ username, at: '2026-01-01T12:00:30Z' },
    ...{ name: `inspect-web-${username}`, approvalUID: `uid-of-${username}` },
  }));
}

function denial(username: string, rest: Parameters<typeof anApproval>[2] = {}): DebugApproval {
  return anApproval(SESSION, username, { ...rest, spec: { decision: 'Deny', ...rest.spec } });
}

function withApprovals(...approvals: DebugApproval[]): ApprovalCase {
  return anApprovalCase({}, { approvals });
}

const EARLY = { metadata: { creationTimestamp: '2026-01-01T11:00:04Z' } };
const OF_ANOTHER_ATTEMPT = { spec: { attempt: 2 } };

/** Denials that do not count. */
const FLAWED: [string, DebugApproval][] = [
  ['of another attempt', denial('eve', OF_ANOTHER_ATTEMPT)],
  ['of the requester', denial('dana')],
  ['of another request', denial('eve', { spec: { requestHash: 'f'.repeat(64) } })],
  ['from before the admission policy', denial('eve', EARLY)],
];

describe('a run that lives by approvals', () => {
  it.each<[string, ApprovalCase, RunApproval[] | undefined, boolean]>([
    ['all approvals stand', withApprovals(ALICE, BOB), record('alice', 'bob'), false],
    ['one of two is gone', withApprovals(ALICE), record('alice', 'bob'), true],
    ['another one stands instead', withApprovals(BOB), record('alice'), true],
    [
      'it is being deleted',
      withApprovals({ ...ALICE, metadata: { ...ALICE.metadata, ...GOING } }),
      record('alice'),
      true,
    ],
    [
      'another one is being deleted',
      withApprovals(ALICE, { ...BOB, metadata: { ...BOB.metadata, ...GOING } }),
      record('alice'),
      false,
    ],
    ['somebody denies', withApprovals(ALICE, denial('eve')), record('alice'), true],
    ['nobody has looked', { ...withApprovals(), view: undefined }, record('alice'), false],
    ['nobody approved, and somebody denies', withApprovals(denial('eve')), [], false],
    ['no approvals are recorded', withApprovals(ALICE), undefined, false],
  ])('a run loses its approval only by a deletion or a denial: %s', (_, about, by, expected) => {
    expect(isWithdrawn(about, by)).toBe(expected);
  });

  it.each(FLAWED)('a run goes on beside a denial %s', (_, flawed) => {
    expect(isWithdrawn(withApprovals(ALICE, flawed), record('alice'))).toBe(false);
  });

  it('a run goes on beside a denial where nobody is certain who denied', () => {
    const authority = { kind: 'missing', message: 'there is none' } as const;
    const about = anApprovalCase({}, { authority, approvals: [ALICE, denial('eve')] });
    expect(isWithdrawn(about, record('alice'))).toBe(false);
  });
});

describe('an intent that waits for its injection', () => {
  const lost = (message: string): object => ({
    finality: 'never',
    reason: 'ApprovalRequired',
    message: `${message}; raise spec.attempt to ask again`,
  });

  it.each<[string, ApprovalCase, RunApproval[] | undefined, object | undefined]>([
    ['its approval stands', withApprovals(ALICE), record('alice'), undefined],
    [
      'the second approval is gone',
      withApprovals(ALICE),
      record('alice', 'bob'),
      lost('The approval of bob was withdrawn'),
    ],
    [
      'its approval is being deleted',
      withApprovals({ ...ALICE, metadata: { ...ALICE.metadata, ...GOING } }),
      record('alice'),
      lost('The approval of alice was withdrawn'),
    ],
    [
      'it was recorded without approvals',
      withApprovals(ALICE),
      undefined,
      lost('DebugPolicy default demands 1 approval since the run was recorded'),
    ],
    [
      'the policy exempts the requester by now',
      anApprovalCase({ exempt: [{ kind: 'User', name: 'dana' }] }),
      undefined,
      undefined,
    ],
    [
      'the approvals cannot be read',
      { ...withApprovals(), view: { kind: 'unread', message: 'no such resource' } },
      record('alice'),
      { finality: 'later', reason: 'ApprovalRequired', message: 'The approvals are not known: no such resource' },
    ],
    [
      'nobody has looked',
      { ...withApprovals(), view: undefined },
      record('alice'),
      {
        finality: 'later',
        reason: 'ApprovalRequired',
        message: 'The approvals are not known: they have not been read yet',
      },
    ],
  ])('approvalLost knows what stands against the injection when %s', (_, about, by, objection) => {
    expect(approvalLost(about, by)).toEqual(objection);
  });

  it.each(FLAWED)('an intent stands beside a denial %s', (_, flawed) => {
    expect(approvalLost(withApprovals(ALICE, flawed), record('alice'))).toBeUndefined();
  });

  it.each<[string, NonNullable<ApprovalCase['demand']['exempt']>]>([
    ['a group', [{ kind: 'Group', name: 'on-call' }]],
    ['a user', [{ kind: 'User', name: 'dana' }]],
  ])('an intent without a requester is not exempt with %s', (_, exempt) => {
    const session = aSession({ requestedBy: undefined as never });
    expect(approvalLost(anApprovalCase({ exempt }, { session }), undefined)).toMatchObject({ finality: 'never' });
  });
});

describe('an unknown requester', () => {
  it('isSamePerson takes an unknown requester for another person', () => {
    expect(isSamePerson({ username: 'alice', uid: 'u-1' }, undefined)).toBe(false);
  });
});
