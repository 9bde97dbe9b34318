import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PolicyLimits } from '../../../../src/api/debugpolicy.ts';
import type { Pod } from '../../../../src/api/pod.ts';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { NO_OTHERS, type Place, type Waiter } from '../../../../src/session/look/places.ts';
import { limitReached, placesTaken, turnOf, whoMayStart, withThoseIn } from '../../../../src/session/start/limits.ts';
import { aPod, ARRIVED_MS, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

let count = 0;
type SomePlace = { [K in keyof Place]?: Place[K] | undefined };

function aPlace(place: SomePlace = {}): Place {
  count += 1;
  return { uid: `uid-${count}`, namespace: 'shop', user: 'dana', podName: 'web-1', ...place } as Place;
}

function aWaiter(limits: PolicyLimits, place: SomePlace = {}): Waiter {
  const full = aPlace(place);
  return { ...full, key: `shop/${full.uid}`, limits };
}

describe('a limit', () => {
  it.each<[string, PolicyLimits, Partial<Place>]>([
    ['of a pod', { perPod: 2 }, { user: 'eve' }],
    ['of a requester in all namespaces', { perUser: 2 }, { namespace: 'bank', podName: 'db-0' }],
    ['of a namespace', { perNamespace: 2 }, { user: 'eve', podName: 'db-0' }],
    ['of a requester in a pod', { perUserPerPod: 2 }, {}],
    ['of a process namespace', { perTarget: 2 }, { user: 'eve', joins: 'app' }],
  ])('a limit %s counts the live sessions there and no others', (_, limits, wanted) => {
    const others = [
      aPlace({ namespace: 'other', user: 'mia', podName: 'x', joins: 'app' }),
      ...(limits.perUserPerPod ? [aPlace({ podName: 'db-0' }), aPlace({ user: 'eve' })] : []),
      ...(limits.perTarget ? [aPlace(), aPlace({ joins: 'sidecar' }), aPlace({ podName: 'x', joins: 'app' })] : []),
    ];
    const there = (): Place => aPlace(limits.perTarget ? { joins: 'app' } : {});
    const one = { taken: () => [there(), ...others], ahead: () => [] };
    const two = { taken: () => [there(), there(), ...others], ahead: () => [] };
    expect(limitReached(aPlace(wanted), limits, one)).toBeUndefined();
    expect(limitReached(aPlace(wanted), limits, two)).toMatch(/to 2, and there are 2 live sessions/);
  });

  it('a policy without limits admits a session beside any number of others', () => {
    const taken = Array.from({ length: 1000 }, () => aPlace());
    expect(limitReached(aPlace(), {}, { taken: () => taken, ahead: () => [] })).toBeUndefined();
  });

  it('limitReached reads only the others that a limit counts', () => {
    const looked: string[] = [];
    const living = [aPlace()];
    const others = {
      taken: () => (looked.push('taken'), living),
      ahead: () => (looked.push('ahead'), []),
      isOver: () => false,
    };
    const seen = withThoseIn(aPod(), 'self', others);
    expect([limitReached(aPlace(), { containersPerPod: 9 }, seen), looked]).toEqual([undefined, []]);
    expect([limitReached(aPlace(), { perPod: 1 }, seen), looked]).toEqual([
      expect.stringMatching(/^The policy sets limits\.perPod .* 1 live session in pod web-1$/),
      ['taken'],
    ]);
    expect([limitReached(aPlace(), { perPod: 2 }, seen), looked.slice(1)]).toEqual([undefined, ['taken', 'ahead']]);
  });

  it('a limit counts the sessions that asked before, except those that another limit holds up', () => {
    const limits = { perNamespace: 2 };
    const first = aWaiter(limits, { podName: 'db-0' });
    expect(limitReached(aPlace(), limits, { taken: () => [aPlace()], ahead: () => [first] })).toMatch(
      /counting those that asked before$/,
    );
    const held = aWaiter({ ...limits, perUser: 1 });
    expect(
      limitReached(aPlace({ user: 'eve' }), limits, { taken: () => [aPlace()], ahead: () => [held] }),
    ).toBeUndefined();
  });

  it('a limit of a pod counts the containers in the pod that no cache knows yet', () => {
    const pod = aPod((p) => {
      p.spec.ephemeralContainers = [
        { name: 'debug-1', sessionUID: 'known' },
        { name: 'debug-2', sessionUID: 'of-another-operator' },
        { name: 'debug-3', sessionUID: 'ended' },
        { name: 'debug-4', sessionUID: 'self' },
        { name: 'debug-5', sessionUID: 'over-and-never-reported' },
        { name: 'debug-6', sessionUID: 'without-a-record-and-an-image' },
        { name: 'by-hand' },
      ];
      p.status.ephemeralContainerStatuses = [
        { name: 'debug-2', state: { running: {} } },
        { name: 'debug-6', state: { waiting: { reason: 'ImagePullBackOff' } } },
        { name: 'debug-3', state: { terminated: { exitCode: 0 } } },
      ];
    });
    const others = {
      taken: () => [aPlace({ uid: 'known' })],
      ahead: () => [],
      isOver: (name: string): boolean => name === 'debug-5',
    };
    const { taken } = withThoseIn(pod, 'self', others);
    expect(taken().map(({ uid }) => uid)).toEqual(['known', 'of-another-operator']);
    expect(taken()[1]).toMatchObject({ isUnheard: true });
    // They may be anybody's.
    const unheard = { taken, ahead: () => [] };
    expect(limitReached(aPlace({ user: 'eve' }), { perUserPerPod: 1 }, unheard)).toMatch(
      /1 live session .*in pod web-1/,
    );
    expect(limitReached(aPlace({ user: 'eve' }), { perUserPerPod: 2 }, unheard)).toBeUndefined();
    const asked = aWaiter({ perUserPerPod: 1 }, { user: 'eve' });
    expect([whoMayStart(taken(), [asked]), whoMayStart([], [asked])]).toEqual([[], [asked]]);
  });

  it('a limit of a process namespace counts the containers that the pod shows', () => {
    const inside = (change: (pod: Pod) => void): Place[] => {
      const pod = aPod((p) => {
        p.spec.ephemeralContainers = [
          { name: 'debug-1', sessionUID: 'joined', targetContainerName: 'app' },
          { name: 'debug-2', sessionUID: 'not-joined' },
        ];
        change(p);
      });
      return [...withThoseIn(pod, 'self', NO_OTHERS).taken()];
    };
    expect(inside(() => undefined).map(({ joins }) => joins)).toEqual(['app', undefined]);
    expect(inside((pod) => (pod.spec.shareProcessNamespace = true)).map(({ joins }) => joins)).toEqual(['*', '*']);
    expect(inside((pod) => (pod.spec.hostPID = true)).map(({ joins }) => joins)).toEqual(['*', '*']);
  });

  it('no limit is exceeded and no session that could start is passed over, for any sessions that live and wait', () => {
    const names = fc.constantFrom('a', 'b');
    const place = fc.record({
      ...{ namespace: names, user: names, podName: names },
      joins: fc.constantFrom('app', '*', undefined),
    });
    const limit = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
    const limits = fc.record({
      ...{ perPod: limit, perUser: limit, perNamespace: limit },
      ...{ perUserPerPod: limit, perTarget: limit },
    });
    fc.assert(
      fc.property(
        fc.array(place, { maxLength: 6 }),
        fc.array(place, { maxLength: 12 }),
        limits,
        (living, asking, raw) => {
          const most = Object.fromEntries(
            Object.entries(raw).filter(([, value]) => value !== undefined),
          ) as PolicyLimits;
          const taken: Place[] = [];
          for (const each of living.map(aPlace))
            if (!limitReached(each, most, { taken: () => taken, ahead: () => [] })) taken.push(each);
          const line = asking.map((each) => aWaiter(most, each));
          const starting = whoMayStart(taken, line);
          // Each of them in turn finds its place free, and so does nobody else afterwards.
          for (const one of starting) {
            expect(limitReached(one, most, { taken: () => taken, ahead: () => [] })).toBeUndefined();
            taken.push(one);
          }
          for (const other of line.filter((one) => !starting.includes(one)))
            expect(limitReached(other, most, { taken: () => taken, ahead: () => [] })).toBeDefined();
        },
      ),
    );
  });
});

describe('a session under limits', () => {
  const limited = (limits: PolicyLimits): World['rules'] => ({
    ...OPEN_RULES,
    policy: { kind: 'found', spec: { ...OPEN_POLICY, limits } },
  });

  it('an accepted session over a limit waits, says which limit, and starts when another session has ended', () => {
    const world = new World();
    world.rules = limited({ perUser: 1 });
    world.others = {
      taken: () => [aPlace({ namespace: 'bank', podName: 'db-0' })],
      ahead: () => [],
      isOver: () => false,
    };
    world.settle();
    expect([world.phase, world.condition('Accepted'), world.condition('Injected')]).toEqual([
      'Pending',
      'True Accepted',
      'False LimitReached',
    ]);
    expect(world.message('Injected')).toBe(
      'The policy sets limits.perUser to 1, and there is 1 live session of dana; sessions start in the order of their requests',
    );
    expect(world.session.metadata.finalizers).toEqual([]);
    world.others = NO_OTHERS;
    world.settle();
    expect(world.phase).toBe('Starting');
  });

  it('a session over a limit fails at its pendingTimeout', () => {
    const world = new World({ pendingTimeout: '1m' });
    world.rules = limited({ perPod: 1 });
    world.others = { ...NO_OTHERS, taken: () => [aPlace()] };
    expect(world.settle()).toBeGreaterThan(0);
    world.pass(62_000);
    world.settle();
    expect([world.phase, world.condition('Failed')]).toEqual(['Failed', 'True PendingTimeout']);
    expect(world.message('Failed')).toMatch(/^Waited 1m: The policy sets limits\.perPod/);
  });

  it.each<[string, Partial<Pick<World, 'authority' | 'rules'>>]>([
    ['its policy', { rules: { ...OPEN_RULES, policy: { kind: 'unread', message: 'not yet' } } }],
    ['the policy on requesters', { authority: { kind: 'unread', message: 'not yet' } }],
  ])('a session over a limit keeps its turn and its pendingTimeout while %s cannot be read', (_, unread) => {
    const world = new World({ pendingTimeout: '10m' });
    const { authority } = world;
    const rules = limited({ perPod: 1 });
    Object.assign(world, { rules, others: { ...NO_OTHERS, taken: () => [aPlace()] } });
    world.settle();
    const { status } = world.session;
    const turn = turnOf(world.session);
    world.pass(5 * 60_000);
    Object.assign(world, unread);
    expect(world.settle()).toBe(5 * 60_000 + 999);
    expect(world.session.status).toEqual(status);
    Object.assign(world, { rules, authority });
    world.settle();
    expect([turnOf(world.session), world.condition('Reconciling')]).toEqual([turn, 'True LimitReached']);
    Object.assign(world, unread);
    world.pass(5 * 60_000 + 999);
    world.settle();
    expect(world.condition('Failed')).toBe('True PendingTimeout');
  });

  it('the turn and the pendingTimeout of a session count from when it began to wait for anything', () => {
    const world = new World({ pendingTimeout: '10m' });
    expect(turnOf(world.session)).toBeUndefined();
    world.rules = { ...OPEN_RULES, policy: { kind: 'absent' } };
    world.settle();
    world.pass(5 * 60_000);
    world.rules = limited({ perPod: 1 });
    world.others = { ...NO_OTHERS, taken: () => [aPlace()] };
    expect(world.settle()).toBe(5 * 60_000 + 999);
    expect([world.condition('Accepted'), turnOf(world.session)]).toEqual([
      'True Accepted',
      expect.stringMatching(/^2026-01-01T12:00:00Z /),
    ]);
  });

  it('an attempt held back by the attempt before takes its turn once that attempt is over', () => {
    const world = World.neverStarted();
    world.edit({ attempt: 2, pendingTimeout: '5s' });
    world.settle();
    expect([world.condition('Reconciling'), turnOf(world.session)]).toEqual(['True PreviousRunNotOver', undefined]);
    const told = world.told.length;
    world.pass(11_000);
    world.podGoes({ seen: true });
    expect(world.settle()).toBe(5_999);
    expect([world.phase, world.condition('Reconciling')]).toEqual(['Pending', 'True PodNotFound']);
    expect(turnOf(world.session)).toMatch(/^2026-01-01T12:01:12Z /);
    expect(world.told.slice(told)).toEqual(['Accepted']);
    world.pass(5_999);
    world.settle();
    expect(world.condition('Failed')).toBe('True PendingTimeout');
  });

  it('the operator injects under a limit only into the version of the pod that it counted', () => {
    const world = new World();
    world.rules = limited({ perPod: 1 });
    while (world.phase !== 'Starting') world.step();
    expect(world.look().effect).toMatchObject({ kind: 'inject', resourceVersion: '50' });
    const plain = new World();
    while (plain.phase !== 'Starting') plain.step();
    expect(plain.look().effect).not.toHaveProperty('resourceVersion');
  });

  it('a session over perPod fails where the container of another operator came first', () => {
    const world = new World();
    world.rules = limited({ perPod: 1 });
    while (world.phase !== 'Starting') world.step();
    world.inject('debug-0000000f-1', 'of-another-operator');
    world.settle();
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.condition('Failed')]).toEqual(['Failed', 'True LimitReached']);
    expect(world.effects.filter((effect) => effect.startsWith('inject'))).toEqual([]);
  });

  it.each<[PolicyLimits, Partial<DebugSessionSpec>, string | undefined, string]>([
    [
      { perTarget: 1 },
      { target: { podName: 'web-1', containerName: 'app' } },
      'app',
      'Other sessions were faster: The policy sets limits.perTarget',
    ],
    [{ perPod: 1 }, {}, undefined, 'Other sessions were faster: The policy sets limits.perPod'],
  ])(
    'a session under %j fails where the container of another operator came first',
    (limits, spec, targetContainerName, words) => {
      const world = new World(spec);
      world.rules = limited(limits);
      while (world.phase !== 'Starting') world.step();
      world.inject('debug-0000000f-1', 'of-another-operator');
      world.changePod((pod) => Object.assign(pod.spec.ephemeralContainers?.[0] ?? {}, { targetContainerName }));
      world.settle();
      world.pass(ARRIVED_MS);
      world.settle();
      expect(world.message('Failed')).toContain(words);
    },
  );

  it('the operator waits a second for the requester of a container that another operator injected', () => {
    const world = new World({ requestedBy: { username: 'dana' } });
    world.rules = limited({ perUserPerPod: 1 });
    while (world.phase !== 'Starting') world.step();
    world.inject('debug-0000000f-1', 'of-another-operator');
    expect([world.settle(), world.phase]).toEqual([1_000, 'Starting']);
    // It is heard: somebody else's.
    world.others = { ...NO_OTHERS, taken: () => [aPlace({ uid: 'of-another-operator', user: 'eve' })] };
    world.step();
    expect(world.effects.at(-1)).toMatch(/^inject/);
  });

  it('a session of a user over waitingPerUser is refused and does not wait', () => {
    const world = new World({ requestedBy: { username: 'dana' } });
    world.rules = limited({ waitingPerUser: 2 });
    world.pod = undefined;
    world.others = { ...NO_OTHERS, waiting: () => 2 };
    world.settle();
    expect([world.phase, world.condition('Accepted')]).toEqual(['Failed', 'False TooManyWaiting']);
    expect(world.message('Failed')).toMatch(
      /^The policy sets limits\.waitingPerUser to 2, and 2 sessions of dana wait; .* \(There is no pod web-1/,
    );
    expect(world.told).toEqual(['Rejected']);
  });

  it('a waiting session goes on and a session with a pod starts, however many sessions of the user wait', () => {
    const early = new World({ requestedBy: { username: 'dana' } });
    early.pod = undefined;
    early.settle();
    early.others = { ...NO_OTHERS, waiting: () => 1_000 };
    early.edit({ ttl: '5m' });
    early.settle();
    expect(early.phase).toBe('Pending');
    const ready = new World({ requestedBy: { username: 'dana' } });
    ready.others = { ...NO_OTHERS, waiting: () => 1_000 };
    ready.settle();
    expect(ready.phase).toBe('Starting');
  });

  it('a user may have 50 waiting sessions by default, and any number while the policy cannot be read', () => {
    const limit = (rules: World['rules'], count: number): string | undefined => {
      const world = new World({ requestedBy: { username: 'dana' } });
      world.rules = rules;
      world.pod = undefined;
      world.others = { ...NO_OTHERS, waiting: () => count };
      world.settle();
      return world.phase;
    };
    expect([limit(limited({}), 49), limit(limited({}), 50)]).toEqual(['Pending', 'Failed']);
    expect(limit({ ...OPEN_RULES, policy: { kind: 'absent' } }, 50)).toBe('Failed');
    expect(limit({ ...OPEN_RULES, policy: { kind: 'unread', message: 'no' } }, 50)).toBe('Pending');
  });

  it('a session is refused where its pod has as many containers as containersPerPod', () => {
    const world = new World();
    world.rules = limited({ containersPerPod: 1 });
    world.inject('by-hand', 'x');
    world.settle();
    expect(world.message('Failed')).toMatch(/has 1 ephemeral containers; at most 1 are allowed/);
  });

  it('a session takes a place from its intent until its container can no longer run', () => {
    const places: (string | undefined)[] = [];
    const world = new World({ startTimeout: '1m', ttl: '5m' });
    const look = (): void => void places.push(placesTaken(world.session, world.now)[0]?.place.podName);
    look();
    world.settle();
    look();
    world.pass(62_000);
    world.waits('ErrImagePull', 'no such image');
    world.settle();
    expect(world.phase).toBe('Failed');
    look();
    world.now = Date.parse(world.run.lastMoment ?? '');
    look();
    expect(places).toEqual([undefined, 'web-1', 'web-1', undefined]);
    expect(world.now).toBeGreaterThan(NOON);
  });
});
