import { describe, expect, it } from '@jest/globals';
import type { PolicyLimits } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec, DebugSessionStatus } from '../../../../src/api/debugsession.ts';
import type { ContainerState } from '../../../../src/api/pod.ts';
import { NO_OTHERS, type Place } from '../../../../src/session/look/places.ts';
import type { PolicyView } from '../../../../src/session/look/rules.ts';
import {
  limitReached,
  placesTaken,
  placeWanted,
  tooManyWaiting,
  turnOf,
  waitsForLimit,
  whoMayStart,
  withThoseIn,
} from '../../../../src/session/start/limits.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../../support/builders/open-policy.ts';

const PLACE: Place = { uid: 'uid-1', namespace: 'shop', user: 'dana', podName: 'web-1', joins: 'app' };
const OTHER: Place = { ...PLACE, uid: 'uid-2' };

function reached(wanted: Place, limits: PolicyLimits, taken: Place[] = [OTHER]): string | undefined {
  return limitReached(wanted, limits, { ...NO_OTHERS, taken: () => taken });
}

describe('a limit that is reached', () => {
  it.each<[keyof PolicyLimits, string, Place]>([
    ['perNamespace', 'in namespace shop', PLACE],
    ['perUser', 'of dana', PLACE],
    ['perPod', 'in pod web-1', PLACE],
    ['perUserPerPod', 'of dana in pod web-1', PLACE],
    ['perTarget', 'in the process namespace of container app of pod web-1', PLACE],
    ['perTarget', 'in the process namespace of pod web-1', { ...PLACE, joins: '*' }],
  ])('a session over %s reads which live sessions count: %s', (limit, where, place) => {
    const words = `The policy sets limits.${limit} to 1, and there is 1 live session ${where}`;
    expect(reached(place, { [limit]: 1 }, [{ ...place, uid: 'uid-2' }])).toBe(words);
  });

  it.each<[keyof PolicyLimits, string, keyof Place]>([
    ['perUser', 'a requester', 'user'],
    ['perUserPerPod', 'a requester', 'user'],
    ['perPod', 'a pod', 'podName'],
    ['perTarget', 'a process namespace', 'joins'],
  ])('%s does not hold up a session without %s', (limit, _, field) => {
    const wanted = Object.fromEntries(Object.entries(PLACE).filter(([key]) => key !== field)) as unknown as Place;
    expect(reached(wanted, { [limit]: 1 }, [{ ...wanted, uid: 'uid-2' }])).toBeUndefined();
  });

  it('a limit of a user in a pod does not count an unknown container in another pod', () => {
    const unheard: Place = { uid: 'uid-2', namespace: 'shop', podName: 'web-2', isUnheard: true };
    const waiter = { ...PLACE, key: 'shop/first', limits: { perUserPerPod: 1 } };
    expect(whoMayStart([unheard], [waiter])).toEqual([waiter]);
    expect(whoMayStart([{ ...unheard, podName: 'web-1' }], [waiter])).toEqual([]);
  });
});

describe('the sessions of a user that wait', () => {
  const limited: PolicyView = { kind: 'found', spec: { ...OPEN_POLICY, limits: { waitingPerUser: 1 } } };
  const unread: PolicyView = { kind: 'unread', message: 'not yet' };
  const tooMany = (spec: Partial<DebugSessionSpec>, policy: PolicyView, count: number): string | undefined =>
    tooManyWaiting(aSession(spec), policy, { ...NO_OTHERS, waiting: () => count });

  it.each([
    [1, '1 session of dana waits'],
    [2, '2 sessions of dana wait'],
  ])('a session reads that %i others of its user wait', (count, words) => {
    expect(tooMany({}, limited, count)).toBe(
      `The policy sets limits.waitingPerUser to 1, and ${words}; delete some of them, then raise spec.attempt`,
    );
  });

  it.each<[string, Partial<DebugSessionSpec>, PolicyView]>([
    ['its requester is not known', { requestedBy: undefined as never }, limited],
    ['its policy cannot be read', {}, unread],
  ])('a session may wait beside any number where %s', (_, spec, policy) => {
    expect(tooMany(spec, policy, 1_000)).toBeUndefined();
  });

  it('a session may wait where nobody counts the others', () => {
    expect(tooManyWaiting(aSession(), limited, NO_OTHERS)).toBeUndefined();
  });
});

describe('the turn of a session', () => {
  const waiting: DebugSessionStatus = { phase: 'Pending', waitingFor: 'LimitReached' };

  it.each<[string, Partial<DebugSessionSpec>, DebugSessionStatus | undefined, boolean]>([
    ['waits for a limit', {}, waiting, true],
    ['waits for its pod', {}, { ...waiting, waitingFor: 'PodNotFound' }, false],
    ['has failed at the limit', {}, { ...waiting, phase: 'Failed' }, false],
    ['has had its attempt', {}, { ...waiting, attempt: 1 }, false],
    ['waits with the next attempt', { attempt: 2 }, { ...waiting, attempt: 1 }, true],
    ['has no status yet', {}, undefined, false],
  ])('waitsForLimit knows of a session that %s', (_, spec, status, expected) => {
    expect(waitsForLimit({ ...aSession(spec), status } as never)).toBe(expected);
  });

  it('the turn of a session is text that sorts by its waiting, its creation and its uid', () => {
    const waitingSince = '2026-01-01T12:00:05Z';
    const session = aSession({}, { status: { waitingSince } });
    const { creationTimestamp, ...metadata } = session.metadata;
    expect(turnOf(session)).toBe(`${waitingSince} ${creationTimestamp} ${metadata.uid}`);
    expect(turnOf({ ...session, metadata })).toBe(`${waitingSince}  ${metadata.uid}`);
  });

  it('a session without a status has no turn and takes no place', () => {
    const session = aSession();
    delete session.status;
    expect([turnOf(session), placesTaken(session, NOON), placesTaken(aSession(), NOON)]).toEqual([undefined, [], []]);
  });
});

describe('the place that a session asks for', () => {
  const uid = aSession().metadata.uid;
  const workload = { workloadRef: { apiVersion: 'apps/v1' as const, kind: 'Deployment' as const, name: 'web' } };

  it.each<[string, DebugSessionSpec['target'], Place]>([
    ['a workload', workload, { uid, namespace: 'shop', user: 'dana' }],
    ['a pod', { podName: 'web-1' }, { uid, namespace: 'shop', user: 'dana', podName: 'web-1' }],
    ['a container', { podName: 'web-1', containerName: 'app' }, { ...PLACE, uid }],
  ])('placeWanted knows the place of a session before its pod is read: %s', (_, target, place) => {
    expect(placeWanted(aSession({ target }))).toStrictEqual(place);
  });

  it('placeWanted knows the pod that a session was given', () => {
    expect(placeWanted(aSession({ target: workload }), aPod())).toMatchObject({ podName: 'web-1' });
  });
});

describe('the process namespace that a session asks for', () => {
  it.each<[string, boolean, string | undefined]>([
    ['shares one process namespace', true, '*'],
    ['has one for each container', false, undefined],
  ])('placeWanted reads it from a pod that %s', (_, shareProcessNamespace, joins) => {
    const pod = aPod(({ spec }) => (spec.shareProcessNamespace = shareProcessNamespace));
    expect(placeWanted(aSession(), pod).joins).toBe(joins);
  });
});

describe('a container of another operator in the pod', () => {
  const newPlaces = (state: ContainerState | undefined): readonly Place[] => {
    const pod = aPod(({ spec, status }) => {
      spec.ephemeralContainers = [{ name: 'debug-1', sessionUID: 'uid-9' }];
      if (state !== undefined) status.ephemeralContainerStatuses = [{ name: 'debug-1', state }];
    });
    return withThoseIn(pod, 'self', NO_OTHERS).taken();
  };

  it.each<[string, ContainerState | undefined]>([
    ['is not reported', undefined],
    ['runs', { running: {} }],
    ['is created', { waiting: { reason: 'ContainerCreating' } }],
    ['waits for init containers', { waiting: { reason: 'PodInitializing' } }],
    ['waits for no known reason', { waiting: {} }],
  ])('a container that %s takes a place', (_, state) => {
    expect(newPlaces(state)).toStrictEqual([{ uid: 'uid-9', namespace: 'shop', podName: 'web-1', isUnheard: true }]);
  });

  it.each<[string, ContainerState]>([
    ['has ended', { terminated: { exitCode: 0 } }],
    ['cannot be started', { waiting: { reason: 'ErrImagePull' } }],
  ])('a container that %s takes no place', (_, state) => {
    expect(newPlaces(state)).toEqual([]);
  });
});
