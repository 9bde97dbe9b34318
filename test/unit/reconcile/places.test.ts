import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import { Places } from '../../../src/reconcile/places.ts';
import { keyOf } from '../../../src/runtime/store.ts';
import { limitReached, placeWanted } from '../../../src/session/start/limits.ts';
import { aPod, aSession, NOON } from '../../support/builders/builders.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

const LIMITS = { perNamespace: 2 };
const DB = aPod((pod) => (pod.metadata.name = 'db-0'));

let places: Places;
let clock: FakeClock;
let woken: string[];

beforeEach(() => {
  woken = [];
  clock = new FakeClock(NOON);
  places = new Places({ limitsOf: () => LIMITS, wake: (key) => woken.push(key), clock });
});

function named(name: string, status?: DebugSession['status']): DebugSession {
  return aSession({}, { metadata: { name, uid: name }, ...(status && { status }) });
}

function living(name: string): DebugSession {
  const run = { attempt: 1, state: 'Running' as const, podName: 'web-1', debugContainerName: `debug-${name}` };
  return named(name, { phase: 'Running', attempt: 1, runs: [run] });
}

function over(name: string): DebugSession {
  const { status, ...rest } = living(name);
  const runs = status?.runs?.map((run) => ({ ...run, state: 'Ended' as const, exitCode: 0 }));
  return { ...rest, status: { phase: 'Completed', attempt: 1, ...(runs && { runs }) } };
}

/**
 * @param second when it began to wait
 * @param acceptedAt by default then
 */
function waiting(name: string, second: number, acceptedAt = second): DebugSession {
  const at = (when: number): string => toTimestamp(NOON + when * 1000);
  return named(name, {
    phase: 'Pending',
    waitingFor: 'LimitReached',
    waitingSince: at(second),
    acceptedAt: at(acceptedAt),
  });
}

function follow(...sessions: DebugSession[]): void {
  for (const session of sessions) places.follow(keyOf(session), session);
}

const isFull = (session: DebugSession): boolean =>
  limitReached(placeWanted(session), LIMITS, places.othersFor(session, aPod())) !== undefined;

describe('places', () => {
  it('a live session takes a place, and an intent takes it before a read shows that intent', () => {
    const [mine, other] = [named('mine'), named('other')];
    follow(living('a'), mine, other);
    expect(isFull(mine)).toBe(false);
    places.claim(other, { attempt: 1, state: 'Starting', podName: 'web-1' });
    expect([isFull(mine), isFull(other)]).toEqual([true, false]);
    follow({ ...living('other') });
    places.settle(other);
    expect(isFull(mine)).toBe(true);
    follow(over('other'));
    expect(isFull(mine)).toBe(false);
  });

  it('a session takes one place although its intent is told before the answer of its write has come', () => {
    const mine = named('mine');
    places.claim(named('other'), { attempt: 1, state: 'Starting', podName: 'web-1' });
    follow(living('other'), mine);
    expect(isFull(mine)).toBe(false);
  });

  it('a place goes to the session that waits longest, and a new session comes last', () => {
    const [first, second, fresh] = [waiting('z', 1), waiting('b', 2), named('a')];
    follow(living('a1'), second, first, fresh);
    expect([isFull(first), isFull(second), isFull(fresh)]).toEqual([false, true, true]);
  });

  it('a place goes to the session that began to wait first, and not to the session accepted first', () => {
    const [first, second] = [waiting('z', 1, 9), waiting('b', 2)];
    follow(living('a1'), second, first);
    expect([isFull(first), isFull(second)]).toEqual([false, true]);
  });

  it.each<[string, () => void]>([
    ['a session ends', () => follow(over('b'))],
    ['a session is deleted', () => places.follow('shop/b', undefined)],
  ])('a free place wakes as many sessions as can start, in the order of their requests: %s', (_, free) => {
    follow(living('a'), living('b'), waiting('late', 9), waiting('early', 3));
    clock.advance(50);
    expect(woken).toEqual([]);
    free();
    clock.advance(50);
    expect(woken).toEqual(['shop/early']);
  });

  describe('lost answers', () => {
    const intent = { attempt: 1, state: 'Starting', podName: 'web-1' } as const;
    const other = named('other');

    beforeEach(() => {
      follow(living('a'), other);
      places.claim(other, intent);
      places.doubt(other);
    });

    it('an intent whose answer was lost keeps its place after a later refusal and in a pass that starts nothing, until the write is no longer under way', () => {
      places.unclaim(other);
      places.claim(other, intent);
      places.unclaim(other);
      clock.advance(9_999);
      expect(isFull(named('mine'))).toBe(true);
      follow(waiting('early', 3));
      clock.advance(51);
      expect(woken).toEqual(['shop/early']);
    });

    it('an intent whose answer was lost gives its place back when a newer version of the session is seen', () => {
      places.unclaim({ ...other, metadata: { ...other.metadata, resourceVersion: 'newer' } });
      expect(isFull(named('mine'))).toBe(false);
    });

    it('an intent whose answer was lost gives its place to the next session once its session is no more', () => {
      places.follow(keyOf(other), undefined);
      expect(isFull(named('mine'))).toBe(false);
      places.claim(other, intent);
      places.doubt(other);
      follow(waiting('early', 3));
      places.follow(keyOf(other), undefined);
      clock.advance(50);
      expect(woken).toEqual(['shop/early']);
    });

    it('a write that is answered settles the intent of an earlier lost answer', () => {
      places.settle(other);
      expect(isFull(named('mine'))).toBe(false);
    });
  });

  it('a place that was claimed in vain wakes the next session', () => {
    const vain = named('vain');
    follow(living('a'), vain, waiting('early', 3));
    places.claim(vain, { attempt: 1, state: 'Starting' });
    places.unclaim(vain);
    clock.advance(50);
    expect(woken).toEqual(['shop/early']);
  });

  it('a change that frees no place wakes no session', () => {
    follow(living('a'), living('b'), waiting('early', 3), over('c'), named('d'));
    follow({ ...living('a') }, named('d', { phase: 'Failed', attempt: 1 }));
    clock.advance(50);
    expect(woken).toEqual([]);
  });

  it('a place that is free after the last moment of a run wakes the next session with the next change', () => {
    const { status, ...rest } = living('late');
    const lastMoment = toTimestamp(NOON + 60_000);
    const run = {
      ...status?.runs?.[0],
      attempt: 1,
      state: 'Failed' as const,
      injectedAt: toTimestamp(NOON),
      lastMoment,
    };
    const failed = { ...rest, status: { phase: 'Failed' as const, attempt: 1, runs: [run] } };
    follow(failed, living('a'), waiting('early', 3));
    expect(isFull(waiting('early', 3))).toBe(true);
    clock.advance(60_000);
    expect(woken).toEqual([]);
    expect(isFull(waiting('early', 3))).toBe(false);
    follow({ ...failed, metadata: { ...failed.metadata, resourceVersion: '101' } });
    clock.advance(50);
    expect(woken).toEqual(['shop/early']);
  });

  describe('waking', () => {
    /** Three may live in the namespace. */
    beforeEach(() => {
      places = new Places({ limitsOf: () => ({ perNamespace: 3 }), wake: (key) => woken.push(key), clock });
    });

    /** Whom the places have woken since the last time. */
    function wokenSince(): string[] {
      clock.advance(50);
      return woken.splice(0);
    }

    it('a change that frees no place wakes no session, also where a place is free', () => {
      follow(living('a'), waiting('early', 3));
      follow({ ...living('a') }, named('d'), over('c'));
      expect(wokenSince()).toEqual([]);
    });

    it('a session that starts wakes no session behind it', () => {
      follow(living('a'), waiting('early', 3), waiting('late', 9));
      follow(living('early'));
      expect(wokenSince()).toEqual([]);
    });

    it.each<[string, (session: DebugSession) => void]>([
      ['is deleted', (session) => places.follow(keyOf(session), undefined)],
      ['fails', ({ metadata }) => follow(named(metadata.name, { phase: 'Failed', attempt: 1 }))],
    ])('a session that no longer waits because it %s wakes those behind it', (_, leave) => {
      const first = waiting('early', 3);
      follow(living('a'), living('b'), first, waiting('late', 9));
      leave(first);
      expect(wokenSince()).toEqual(['shop/late']);
    });

    it('two changes in a moment wake each session once, in the order of their requests', () => {
      follow(living('a'), living('b'), living('c'), waiting('late', 9), waiting('last', 11), waiting('early', 3));
      follow(over('a'), over('b'));
      expect(wokenSince()).toEqual(['shop/early', 'shop/late']);
      follow(living('early'), living('late'), over('c'));
      expect(wokenSince()).toEqual(['shop/last']);
    });

    it('an intent that is written and followed wakes no session', () => {
      const other = named('other');
      follow(living('a'), other, waiting('early', 3));
      places.claim(other, { attempt: 1, state: 'Starting', podName: 'web-1' });
      follow(living('other'));
      places.settle(other);
      expect(wokenSince()).toEqual([]);
    });
  });

  it('a session does not count against itself', () => {
    const mine = living('mine');
    follow(living('a'), mine);
    expect([isFull(mine), isFull(named('other'))]).toEqual([false, true]);
  });

  it('the place of a new intent stays when the time of an earlier lost answer is over', () => {
    const other = named('other');
    follow(living('a'), other);
    places.claim(other, { attempt: 1, state: 'Starting', podName: 'web-1' });
    places.doubt(other);
    places.unclaim(other);
    clock.advance(5_000);
    places.claim(other, { attempt: 1, state: 'Starting', podName: 'db-0' });
    clock.advance(5_000);
    expect(isFull(named('mine'))).toBe(true);
  });

  it('a session that waits for a shared process namespace is ahead of one that asks for it later', () => {
    const limits = { perTarget: 1 };
    const shared = aPod((pod) => (pod.spec.shareProcessNamespace = true));
    places = new Places({ limitsOf: () => limits, wake: (key) => woken.push(key), clock });
    const [first, second] = [waiting('first', 1), waiting('second', 2)];
    follow(first, second);
    const reached = (session: DebugSession): string | undefined =>
      limitReached(placeWanted(session, shared), limits, places.othersFor(session, shared));
    expect(reached(first)).toBeUndefined();
    expect(reached(second)).toMatch(/in the process namespace of pod web-1/);
  });

  it('a waiting session with a workload counts in its chosen pod, and does not stop a session elsewhere', () => {
    const limits = { perPod: 1, perNamespace: 2 };
    places = new Places({ limitsOf: () => limits, wake: (key) => woken.push(key), clock });
    const workloadRef = { apiVersion: 'apps/v1' as const, kind: 'Deployment' as const, name: 'web' };
    const first = waiting('first', 1);
    first.spec = { ...first.spec, target: { workloadRef } };
    follow(living('a'), first);
    const others = places.othersFor(first, aPod());
    expect(limitReached(placeWanted(first, aPod()), limits, others)).toMatch(/perPod/);
    const other = named('other');
    expect(limitReached(placeWanted(other, DB), limits, places.othersFor(other, DB))).toBeUndefined();
  });

  it('a session that joins a pod with a shared process namespace takes a place of the whole pod', () => {
    const limits = { perTarget: 1 };
    const shared = aPod((pod) => (pod.spec.shareProcessNamespace = true));
    places = new Places({ limitsOf: () => limits, wake: (key) => woken.push(key), clock });
    const mine = named('mine');
    places.claim(named('other'), { attempt: 1, state: 'Starting', podName: 'web-1', joins: '*' });
    expect(limitReached(placeWanted(mine, shared), limits, places.othersFor(mine, shared))).toMatch(
      /^The policy sets limits\.perTarget .* 1 live session in the process namespace of pod web-1$/,
    );
    expect(limitReached(placeWanted(mine, aPod()), limits, places.othersFor(mine, aPod()))).toBeUndefined();
  });

  it('isOver knows the containers of runs that are over', () => {
    follow(living('a'), over('b'));
    const { isOver } = places.othersFor(named('mine'), aPod());
    expect(['debug-a', 'debug-b', 'debug-of-nobody'].map(isOver)).toEqual([false, true, false]);
    places.follow('shop/b', undefined);
    expect(places.othersFor(named('mine'), aPod()).isOver('debug-b')).toBe(false);
  });
});

describe('waiting sessions', () => {
  const requestedBy = { username: 'dana' };
  const by = (username: string, session: DebugSession): DebugSession => ({
    ...session,
    spec: { ...session.spec, requestedBy: { username } },
  });
  const count = (name = 'mine'): number | undefined =>
    places.othersFor(aSession({ requestedBy }, { metadata: { name, uid: name } }), undefined).waiting?.();

  it('waiting sessions are counted by requester, without the session that asks', () => {
    follow(by('dana', waiting('a', 1)), by('dana', waiting('b', 2)), by('eve', waiting('c', 3)));
    expect([count(), count('a')]).toEqual([2, 1]);
  });

  it('a waiting session counts from the claim of its wait until it starts', () => {
    const one = by('dana', named('a'));
    follow(one);
    expect(count()).toBe(0);
    places.claimWait(one);
    expect(count()).toBe(1);
    follow(by('dana', waiting('a', 1)));
    expect(count()).toBe(1);
    follow(by('dana', living('a')));
    expect(count()).toBe(0);
    places.claimWait(by('dana', named('b')));
    places.unclaimWait(by('dana', named('b')));
    expect(count()).toBe(0);
  });

  it('a wait whose answer was lost is counted after a later refusal, until the session is seen anew', () => {
    const asks = by('dana', named('a'));
    places.claimWait(asks);
    places.doubt(asks);
    places.unclaimWait(asks);
    places.unclaimWait(asks);
    expect(count()).toBe(1);
    follow(by('dana', over('a')));
    expect(count()).toBe(0);
  });

  it('a deleted session and a session with a new requester no longer count for the old requester', () => {
    follow(by('dana', waiting('a', 1)), by('dana', waiting('b', 2)));
    follow(by('eve', waiting('a', 1)));
    expect(count()).toBe(1);
    places.follow('shop/b', undefined);
    expect(count()).toBe(0);
  });

  it('a session that waits again counts again', () => {
    follow(by('dana', waiting('a', 1)));
    follow(by('dana', living('a')));
    follow(by('dana', waiting('a', 2)));
    expect(count()).toBe(1);
  });

  it('no waiting session counts for one whose requester is not known', () => {
    const session = waiting('a', 1);
    delete session.spec.requestedBy;
    follow(session, by('dana', waiting('b', 2)));
    expect(places.othersFor(session, undefined).waiting?.()).toBe(0);
    expect(count()).toBe(1);
  });

  it('waiting sessions are counted also where the policy has no limits', () => {
    places = new Places({ limitsOf: () => ({}), wake: (key) => woken.push(key), clock });
    follow(by('dana', waiting('a', 1)));
    expect(count()).toBe(1);
  });
});
