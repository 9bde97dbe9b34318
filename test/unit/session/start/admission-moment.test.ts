import { describe, expect, it } from '@jest/globals';
import type { DebugSessionStatus } from '../../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import type { Authority } from '../../../../src/session/look/authority.ts';
import { admissionOf } from '../../../../src/session/start/admission.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';

const SECOND = 1_000;

/** Whether a session that was made at noon is certain of its requester, under a policy in force since then. */
function isAdmitted(since: number, status?: DebugSessionStatus): boolean {
  return admissionOf(aSession({}, status && { status }), { kind: 'inForce', since }) === undefined;
}

describe('the moment from which the requester of a session is certain', () => {
  const acceptedAt = (at: number): DebugSessionStatus => ({ phase: 'Pending', acceptedAt: toTimestamp(at) });

  it.each<[string, number, DebugSessionStatus | undefined, boolean]>([
    ['made five seconds after the policy', NOON - 5 * SECOND, undefined, true],
    ['made less than five seconds after the policy', NOON - 5 * SECOND + 1, undefined, false],
    ['made with the policy and accepted since', NOON, acceptedAt(NOON + 60 * SECOND), true],
    ['accepted in the moment of the policy', NOON + 60 * SECOND, acceptedAt(NOON + 60 * SECOND), true],
    ['accepted before the policy', NOON + 60 * SECOND, acceptedAt(NOON + 59 * SECOND), false],
    ['accepted, and no longer waiting', NOON, { ...acceptedAt(NOON + 60 * SECOND), phase: 'Running' }, false],
  ])('the operator admits a session only under its policy on requesters: %s', (_, since, status, expected) => {
    expect(isAdmitted(since, status)).toBe(expected);
  });

  it.each<[string, { raised?: boolean }, boolean]>([
    ['raised while the run before it lived', { raised: true }, false],
    ['not raised before that run was over', { raised: false }, true],
    ['of which the record says nothing', {}, true],
  ])('the operator takes the end of a run for older than an attempt: %s', (_, raised, expected) => {
    const run = { attempt: 1, state: 'Ended' as const, overAt: toTimestamp(NOON + 60 * SECOND), ...raised };
    expect(isAdmitted(NOON + 30 * SECOND, { attempt: 1, runs: [run] })).toBe(expected);
  });

  it.each<[Authority, 'never' | 'later']>([
    [{ kind: 'missing', message: 'there is none' }, 'never'],
    [{ kind: 'unread', message: 'there is none' }, 'later'],
  ])('admissionOf says why nobody is known under %j', (authority, finality) => {
    expect(admissionOf(aSession(), authority)).toEqual({
      finality,
      reason: 'AdmissionPolicyMissing',
      message: 'The requester is not known: there is none',
    });
  });

  it('admissionOf asks nobody who they are where that is waived', () => {
    expect(admissionOf(aSession(), { kind: 'waived' })).toBeUndefined();
  });
});
