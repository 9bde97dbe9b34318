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
  it('are taken by those who live, and by an intent before anybody can read of it', () => {
    const [mine, other] = [named('mine'), named('other')];
    follow(living('a'), mine, other);
    expect(isFull(mine)).toBe(false);
    places.claim(other, { attempt: 1, state: 'Starting', podName: 'web-1' });
    expect([isFull(mine), isFull(other)]).toEqual([true, false]);
    follow({ ...living('other') });
    places.unclaim(other);
    expect(isFull(mine)).toBe(true);
    follow(over('other'));
    expect(isFull(mine)).toBe(false);
  });

  it('are one for a session, though its intent is told of before the answer to it has come', () => {
    const mine = named('mine');
    places.claim(named('other'), { attempt: 1, state: 'Starting', podName: 'web-1' });
    follow(living('other'), mine);
    expect(isFull(mine)).toBe(false);
  });

  it('go to those who asked first, and who has only just asked comes last', () => {
    const [first, second, fresh] = [waiting('z', 1), waiting('b', 2), named('a')];
    follow(living('a1'), second, first, fresh);
    expect([isFull(first), isFull(second), isFull(fresh)]).toEqual([false, true, true]);
  });

  it('go by who began to wait first, not by who was found to be allowed first', () => {
    const [first, second] = [waiting('z', 1, 9), waiting('b', 2)];
    follow(living('a1'), second, first);
    expect([isFull(first), isFull(second)]).toEqual([false, true]);
  });

  it.each<[string, () => void]>([
    ['one ends', () => follow(over('b'))],
    ['the record of one goes', () => places.follow('shop/b', undefined)],
  ])('that become free wake as many as can start, in the order of asking: %s', (_, free) => {
    follow(living('a'), living('b'), waiting('late', 9), waiting('early', 3));
    clock.advance(50);
    expect(woken).toEqual([]);
    free();
    clock.advance(50);
    expect(woken).toEqual(['shop/early']);
  });

  it('that were claimed in vain do so as well', () => {
    const vain = named('vain');
    follow(living('a'), vain, waiting('early', 3));
    places.claim(vain, { attempt: 1, state: 'Starting' });
    places.unclaim(vain);
    clock.advance(50);
    expect(woken).toEqual(['shop/early']);
  });

  it('nobody is woken by what takes no place away', () => {
    follow(living('a'), living('b'), waiting('early', 3), over('c'), named('d'));
    follow({ ...living('a') }, named('d', { phase: 'Failed', attempt: 1 }));
    clock.advance(50);
    expect(woken).toEqual([]);
  });

  it('that time has taken away wake as well, with the word that nothing can start any more', () => {
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

  it('of one who has named a workload is in the pod that was chosen: a full pod stops nobody elsewhere', () => {
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

  it('of one who joins a pod that shares its processes is that of the whole pod', () => {
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

  it('know which container is of a run that is over', () => {
    follow(living('a'), over('b'));
    const { isOver } = places.othersFor(named('mine'), aPod());
    expect(['debug-a', 'debug-b', 'debug-of-nobody'].map(isOver)).toEqual([false, true, false]);
    places.follow('shop/b', undefined);
    expect(places.othersFor(named('mine'), aPod()).isOver('debug-b')).toBe(false);
  });
});

describe('those who wait, for whatever it is', () => {
  const requestedBy = { username: 'dana' };
  const by = (username: string, session: DebugSession): DebugSession => ({
    ...session,
    spec: { ...session.spec, requestedBy: { username } },
  });
  const count = (name = 'mine'): number | undefined =>
    places.othersFor(aSession({ requestedBy }, { metadata: { name, uid: name } }), undefined).waiting?.();

  it('are counted by requester, beside the one who asks', () => {
    follow(by('dana', waiting('a', 1)), by('dana', waiting('b', 2)), by('eve', waiting('c', 3)));
    expect([count(), count('a')]).toEqual([2, 1]);
  });

  it('are counted from the moment that they are about to be told, and no longer than they wait', () => {
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

  it('are forgotten when they are deleted, and go with who asked anew', () => {
    follow(by('dana', waiting('a', 1)), by('dana', waiting('b', 2)));
    follow(by('eve', waiting('a', 1)));
    expect(count()).toBe(1);
    places.follow('shop/b', undefined);
    expect(count()).toBe(0);
  });

  it('are counted where the policy has no limits', () => {
    places = new Places({ limitsOf: () => ({}), wake: (key) => woken.push(key), clock });
    follow(by('dana', waiting('a', 1)));
    expect(count()).toBe(1);
  });
});
