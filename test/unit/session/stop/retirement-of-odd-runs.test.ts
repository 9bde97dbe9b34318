import { describe, expect, it } from '@jest/globals';
import type { Run } from '../../../../src/api/debugsession.ts';
import type { Rules } from '../../../../src/session/look/rules.ts';
import {
  mustRetire,
  nextRetirement,
  owesRetirement,
  wantsRetirement,
} from '../../../../src/session/stop/retirement.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_RULES } from '../../../support/builders/open-policy.ts';

// Which runs make the operator retire their pod, and what it says without a look at that pod.

const EVICT = { podAfterSession: 'Evict' } as const;
const SESSION = aSession(EVICT);
const OVER: Run = {
  attempt: 1,
  podName: 'web-1',
  podUID: 'pod-uid-1',
  state: 'Ended',
  startedAt: '2026-01-01T12:00:00Z',
};

function without(key: keyof Run, run: Run): Run {
  const rest = { ...run };
  delete rest[key];
  return rest;
}

describe('the wish of a session that its pod goes', () => {
  it.each<[string, boolean, Run]>([
    ['ended', true, OVER],
    ['ran and failed', true, { ...OVER, state: 'Failed' }],
    ['runs', false, { ...OVER, state: 'Running' }],
    ['started late', false, { ...OVER, state: 'StartedLate', exitCode: 0 }],
    ['never started', false, without('startedAt', OVER)],
    ['has no pod', false, without('podUID', OVER)],
    ['had its pod retired', false, { ...OVER, podRetired: true }],
    ['had its pod kept by the policy', false, { ...OVER, podRetired: false }],
  ])('a session that wants its pod to go, and whose run %s: the operator retires the pod, %s', (_words, wants, run) => {
    expect(wantsRetirement(SESSION, run)).toBe(wants);
    expect(wantsRetirement(aSession(), run)).toBe(false);
  });
});

describe('the demand of a policy that the pod goes', () => {
  it.each<[string, boolean, Run]>([
    ['ended', true, OVER],
    ['ran and failed', true, { ...OVER, state: 'Failed' }],
    ['runs', false, { ...OVER, state: 'Running' }],
    ['never started', false, without('startedAt', OVER)],
    ['has no pod', false, without('podUID', OVER)],
    ['started late and runs', false, { ...OVER, state: 'StartedLate' }],
    ['started late and ended', true, { ...OVER, state: 'StartedLate', exitCode: 143 }],
    ['started late and went with its pod', true, { ...OVER, state: 'StartedLate', endedBy: 'PodGone' }],
  ])(
    'a policy that demands the retirement, of a run that %s: the operator retires the pod, %s',
    (_words, demands, run) => {
      const demanded = { ...run, demanded: EVICT };
      expect(mustRetire(demanded)).toBe(demands);
      expect(owesRetirement(demanded)).toBe(demands);
      expect(wantsRetirement(aSession(), demanded)).toBe(demands);
      expect(owesRetirement({ ...demanded, podRetired: true })).toBe(false);
      expect(mustRetire(run)).toBe(false);
    },
  );
});

describe('the first look at a retirement', () => {
  const UNSEEN = { kind: 'unseen', message: 'HTTP 500' } as const;

  it('the operator says nothing of a retirement while it cannot see the pod and has said nothing before', () => {
    expect(nextRetirement({ session: SESSION, sighting: UNSEEN, now: NOON, rules: OPEN_RULES }, OVER)).toEqual({});
  });

  it('the operator repeats what it has said of a retirement while it cannot see the pod', () => {
    const said = { type: 'PodRetired', status: 'False', reason: 'EvictionBlocked', message: 'not now' } as const;
    const about = { observedGeneration: 1, lastTransitionTime: '2026-01-01T12:00:00Z' };
    const session = aSession(EVICT, {
      status: { conditions: [{ ...said, ...about }] },
    });
    const next = nextRetirement({ session, sighting: UNSEEN, now: NOON, rules: OPEN_RULES }, OVER);
    expect(next).toEqual({ condition: expect.objectContaining(said) });
  });

  it('the operator reads a retirement of a session that has no status', () => {
    const session = aSession(EVICT);
    delete session.status;
    const sighting = { kind: 'present', pod: aPod() } as const;
    const next = nextRetirement({ session, sighting, now: NOON, rules: OPEN_RULES }, OVER);
    expect(next).toMatchObject({ condition: { reason: 'Evicting' }, evict: true });
  });

  it.each([undefined, {}, { runs: [] }])(
    'the operator says nothing of a pod that may stay, where the status is %j',
    (status) => {
      const session = aSession();
      delete session.status;
      const sighting = { kind: 'present', pod: aPod() } as const;
      const situation = { session: { ...session, ...(status && { status }) }, sighting, now: NOON, rules: OPEN_RULES };
      expect(nextRetirement(situation, OVER)).toEqual({});
    },
  );

  it.each<[string, Rules | undefined, string]>([
    ['nobody has read', undefined, 'PolicyNotFound'],
    ['does not exist', { ...OPEN_RULES, policy: { kind: 'absent' } }, 'PolicyNotFound'],
    ['does not allow it', { ...OPEN_RULES, policy: { kind: 'found', spec: { images: [] } } }, 'PolicyDenied'],
  ])('the operator does not evict a pod for a session whose policy %s', (_words, rules, reason) => {
    const sighting = { kind: 'present', pod: aPod() } as const;
    const next = nextRetirement({ session: SESSION, sighting, now: NOON, ...(rules && { rules }) }, OVER);
    expect(next).toMatchObject({ condition: { status: 'False', reason } });
    expect(next).not.toHaveProperty('evict');
  });
});
