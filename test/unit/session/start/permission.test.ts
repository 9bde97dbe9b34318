import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import { never } from '../../../../src/session/look/objection.ts';
import { aPod, ARRIVED_MS } from '../../../support/builders/builders.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// What a policy allows, and when it is asked. How it is evaluated says test/unit/policy.

const SECOND = 1_000;

function under(policy: Partial<DebugPolicySpec>): World['rules'] {
  return { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, ...policy } } };
}

function outcome(world: World): (string | undefined)[] {
  return [world.phase, world.condition('Accepted'), world.condition('Failed')];
}

const injections = (world: World): string[] => world.effects.filter((effect) => effect.startsWith('inject'));

describe('a session before its intent', () => {
  it('the operator refuses a forbidden session with every reason, and does not wait for its pod', () => {
    const world = new World({ policyName: 'team-a', ttl: '5h', profile: 'sysadmin' });
    world.pod = undefined;
    world.rules = under({ ttl: { max: '4h' }, profiles: ['general'] });
    world.settle();
    expect(outcome(world)).toEqual(['Failed', 'False PolicyDenied', 'True PolicyDenied']);
    expect(world.message('Failed')).toMatch(/^DebugPolicy team-a does not allow this: .*sysadmin.*; ttl 5h .*4h\)$/);
    expect(world.told).toEqual(['Rejected']);
  });

  it('the operator judges a session by its pod once that pod exists', () => {
    const world = new World();
    world.rules = under({ allow: [] });
    world.pod = undefined;
    world.settle();
    expect(world.phase).toBe('Pending');
    world.pod = aPod((pod) => (pod.spec.privileged = true));
    world.settle();
    expect(outcome(world)).toEqual(['Failed', 'False PolicyDenied', 'True PolicyDenied']);
  });

  it('a policy narrowed while the session waits forbids its injection', () => {
    const world = new World();
    world.pod = undefined;
    world.settle();
    world.rules = under({ images: [] });
    world.pod = aPod();
    world.settle();
    expect([world.phase, injections(world)]).toEqual(['Failed', []]);
  });

  it('a session waits for a policy that does not exist, and starts when the policy appears', () => {
    const world = new World({ policyName: 'later' });
    world.rules = { ...OPEN_RULES, policy: { kind: 'absent' } };
    world.settle();
    expect([world.phase, world.condition('Accepted'), world.condition('Injected')]).toEqual([
      'Pending',
      'Unknown PolicyNotFound',
      'False PolicyNotFound',
    ]);
    expect(world.message('Accepted')).toBe('There is no DebugPolicy later; waiting for it to appear');
    expect(world.told).toEqual([]);
    world.rules = OPEN_RULES;
    world.settle();
    expect([injections(world).length, world.told]).toEqual([1, ['Injected']]);
  });

  it('a session whose policy never appears fails at its pendingTimeout', () => {
    const world = new World();
    world.rules = { ...OPEN_RULES, policy: { kind: 'absent' } };
    world.settle();
    world.pass(11 * 60 * SECOND);
    world.settle();
    expect([world.phase, world.condition('Failed')]).toEqual(['Failed', 'True PendingTimeout']);
  });

  it.each<[string, (world: World) => void]>([
    ['given up', (world) => world.pass(11 * 60 * SECOND)],
    ['called off', (world) => world.edit({ cancel: true })],
  ])('a session whose wait for a policy is %s was never accepted', (_, end) => {
    const world = new World();
    world.rules = { ...OPEN_RULES, policy: { kind: 'absent' } };
    world.settle();
    const said = world.message('Accepted');
    end(world);
    world.settle();
    expect(world.run?.state).toBe('Failed');
    expect([world.condition('Accepted'), world.message('Accepted')]).toEqual(['Unknown PolicyNotFound', said]);
    world.rules = OPEN_RULES;
    world.edit({ cancel: false });
    world.edit({ attempt: 2 });
    world.settle();
    expect(world.condition('Accepted')).toBe('True Accepted');
  });

  it('the operator injects nothing while it cannot read the policies or the labels of the namespace', () => {
    const unread = new World();
    unread.rules = { ...OPEN_RULES, policy: { kind: 'unread', message: 'no such resource' } };
    const unseen = new World();
    unseen.rules = { ...OPEN_RULES, namespace: { isSystem: false, unread: 'namespaces "shop" is forbidden' } };
    for (const world of [unread, unseen]) world.settle();
    expect([unread.condition('Injected'), unseen.condition('Injected')]).toEqual([
      'False PolicyNotFound',
      'False Forbidden',
    ]);
  });

  it('the run records its policy, and the default ttl of the policy where the spec has none', () => {
    const world = new World({ policyName: 'team-a' });
    world.rules = under({ ttl: { default: '7m' }, revokeRunning: true });
    world.settle();
    expect(world.run).toMatchObject({ policyName: 'team-a', revocable: true, effective: { ttl: '7m' } });
  });
});

function withoutTtl(world: World): void {
  const { ttl, ...spec } = world.session.spec;
  expect(ttl).toBeDefined();
  world.session = { ...world.session, spec };
}

describe('a session between its intent and its injection', () => {
  function intended(): World {
    const world = new World();
    while (world.phase !== 'Starting') world.step();
    return world;
  }

  it.each<[string, (world: World) => void, string]>([
    ['a policy that is narrowed', (world) => (world.rules = under({ images: [] })), 'PolicyDenied'],
    [
      'a policy that is deleted',
      (world) => (world.rules = { ...OPEN_RULES, policy: { kind: 'absent' } }),
      'PolicyNotFound',
    ],
    [
      'a right that is withdrawn',
      (world) => (world.denied = never('RequesterNotAllowed', 'dana may not use it any more')),
      'RequesterNotAllowed',
    ],
  ])('%s fails the run once no injection can be under way', (_, change, reason) => {
    const world = intended();
    change(world);
    world.settle();
    expect(world.phase).toBe('Starting');
    world.pass(ARRIVED_MS);
    world.settle();
    expect(outcome(world)).toEqual(['Failed', `False ${reason}`, `True ${reason}`]);
    expect([injections(world), world.condition('StopConfirmed')]).toEqual([[], 'True NothingToStop']);
  });

  it.each<[string, ConstructorParameters<typeof World>[0], (world: World) => void, Partial<DebugPolicySpec>]>([
    ['its new default ttl', {}, () => undefined, { ttl: { default: '30m', max: '1h' } }],
    ['a ttl that was lowered since', { ttl: '4h' }, (world) => world.edit({ ttl: '10m' }), { ttl: { max: '1h' } }],
    ['a ttl that was taken out since', { ttl: '4h' }, withoutTtl, { ttl: { default: '30m', max: '1h' } }],
    [
      'a profile that was changed since',
      { profile: 'sysadmin' },
      (world) => world.edit({ profile: 'general' }),
      { profiles: ['general'] },
    ],
    [
      'a supervisor that was asked for since',
      { supervisor: 'None' },
      (world) => world.edit({ supervisor: 'Shell' }),
      { allow: [] },
    ],
  ])('a narrowed policy judges the recorded run, and not %s', (_, spec, change, narrowed) => {
    const world = new World(spec);
    world.rules = under({ ttl: { default: '4h', max: '4h' } });
    while (world.phase !== 'Starting') world.step();
    change(world);
    world.rules = under(narrowed);
    world.pass(ARRIVED_MS);
    world.settle();
    expect(outcome(world)).toEqual(['Failed', 'False PolicyDenied', 'True PolicyDenied']);
    expect(injections(world)).toEqual([]);
  });

  it('the operator injects with the recorded ttl although the user raises the ttl after the intent', () => {
    const world = new World({ ttl: '1h' });
    while (world.phase !== 'Starting') world.step();
    world.rules = under({ ttl: { max: '1h' } });
    world.edit({ ttl: '4h' });
    world.settle();
    expect([injections(world).length, world.run.effective?.ttl]).toEqual([1, '1h']);
  });

  it('a run keeps its acceptance where the operator lacks the right to check its requester', () => {
    const world = intended();
    world.denied = never('Forbidden', 'the operator may not ask');
    world.pass(ARRIVED_MS);
    world.settle();
    expect(outcome(world)).toEqual(['Failed', 'True Accepted', 'True Forbidden']);
    expect([injections(world), world.message('Failed')]).toEqual([[], 'the operator may not ask']);
  });

  it('the operator waits to inject while it cannot read the policy', () => {
    const world = intended();
    world.rules = { ...OPEN_RULES, policy: { kind: 'unread', message: 'not yet' } };
    world.settle();
    expect(injections(world)).toEqual([]);
    world.rules = OPEN_RULES;
    world.settle();
    expect(injections(world)).toHaveLength(1);
  });
});

describe('a session that runs', () => {
  function revocable(spec: ConstructorParameters<typeof World>[0] = {}): World {
    const world = new World(spec);
    world.rules = under({ revokeRunning: true });
    world.settle();
    world.starts();
    world.settle();
    return world;
  }

  it('a changed or deleted policy without revokeRunning ends no session', () => {
    const world = World.running();
    for (const rules of [under({ images: [] }), { ...OPEN_RULES, policy: { kind: 'absent' } as const }]) {
      world.rules = rules;
      world.settle();
      expect(world.phase).toBe('Running');
    }
  });

  it.each<[string, World['rules']]>([
    ['is narrowed', under({ images: [], revokeRunning: true })],
    ['loses revokeRunning together with the rest', under({ images: [] })],
    ['is deleted', { ...OPEN_RULES, policy: { kind: 'absent' } }],
  ])('a policy with revokeRunning ends a running session when that policy %s', (_, rules) => {
    const world = revocable();
    world.rules = rules;
    world.settle();
    expect([world.phase, world.run.stop?.cause, world.effects.at(-1)]).toEqual(['Ending', 'Revoked', 'stop Exec']);
    world.tried({ kind: 'asked' });
    world.ends({ exitCode: 143, message: 'Stopped' });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.message]).toEqual([
      'Cancelled',
      'Exec',
      'The operator ended it with signals from inside the container, because its policy does not allow it any more',
    ]);
  });

  it('a policy that gets revokeRunning later ends a session that it no longer allows', () => {
    const world = World.running({ image: 'busybox:1' });
    world.rules = under({ revokeRunning: true });
    world.settle();
    expect(world.phase).toBe('Running');
    world.rules = under({ revokeRunning: true, images: ['docker.io/library/busybox:2'] });
    world.settle();
    expect(world.run.stop?.cause).toBe('Revoked');
  });

  it('a policy that cannot be read revokes no session', () => {
    const world = revocable();
    world.rules = { ...OPEN_RULES, policy: { kind: 'unread', message: 'not now' } };
    world.settle();
    expect(world.phase).toBe('Running');
  });

  it.each<
    [string, ConstructorParameters<typeof World>[0], ConstructorParameters<typeof World>[0], Partial<DebugPolicySpec>]
  >([
    ['image', { image: 'evil.example/x:1' }, { image: 'busybox:1' }, { images: ['docker.io/library/busybox:*'] }],
    ['securityContext', { securityContext: { privileged: true } }, { securityContext: {} }, { allow: [] }],
    ['environment', { env: [{ name: 'A', value: 'b' }] }, { env: [] }, { allow: [] }],
    ['profile', { profile: 'sysadmin' }, { profile: 'general' }, { profiles: ['general'] }],
  ])(
    'a policy with revokeRunning judges the record, and not a spec whose %s was changed to what is allowed',
    (_, asked, changed, policy) => {
      const world = revocable({ ...asked, attempt: 2 });
      world.edit({ ...changed, attempt: 1 });
      world.settle();
      expect(world.phase).toBe('Running');
      world.rules = under({ revokeRunning: true, ...policy });
      world.settle();
      expect(world.run.stop?.cause).toBe('Revoked');
    },
  );

  it('a policy that begins to require a justification or to forbid an eviction revokes no session', () => {
    const world = revocable({ ifUnstoppable: 'EvictPod' });
    const allow = OPEN_POLICY.allow?.filter((one) => one !== 'EvictPod') ?? [];
    world.rules = under({ revokeRunning: true, allow, requireJustification: true, requireNotAfter: true });
    world.settle();
    expect(world.phase).toBe('Running');
  });

  it('a ttl beyond ttl.max is refused with one event, and a ttl of exactly ttl.max applies', () => {
    const world = World.running({ ttl: '10m' });
    world.rules = under({ ttl: { max: '1h' } });
    world.edit({ ttl: '2h' });
    world.settle();
    world.settle();
    expect(world.run).toMatchObject({ effective: { ttl: '10m' } });
    expect(world.run.wantedTtl).toBeUndefined();
    expect(world.events.filter(({ reason }) => reason === 'TtlChangeRefused')).toMatchObject([
      { note: expect.stringMatching(/^Refused ttl 2h .*\(its policy allows 1h at most\); it keeps 10m/) },
    ]);
    expect(world.effects.filter((effect) => effect.startsWith('ttl'))).toEqual([]);
    world.edit({ ttl: '1h' });
    world.settle();
    expect([world.effects.at(-1), world.run.wantedTtl]).toEqual(['ttl 1h', '1h']);
  });

  it('the message of Running names the refused ttl that the user wants now', () => {
    const world = World.running({ ttl: '10m' });
    world.rules = under({ ttl: { max: '1h' } });
    world.edit({ ttl: '20m' });
    world.settle();
    world.tried({ kind: 'told' });
    world.settle();
    for (const ttl of ['2h', '3h']) {
      world.edit({ ttl });
      world.settle();
      expect(world.message('Running')).toContain(`; ttl ${ttl} does not apply to it: its policy allows 1h at most`);
    }
  });

  it('a ttl can get shorter and not longer where the policy is gone or cannot be read', () => {
    for (const kind of ['absent', 'unread'] as const) {
      const world = World.running({ ttl: '10m', supervisor: 'None' });
      world.rules = { ...OPEN_RULES, policy: { kind, message: 'not now' } };
      world.edit({ ttl: '20m' });
      world.settle();
      expect([world.run.effective?.ttl, world.told.at(-1)]).toEqual(['10m', 'TtlChangeRefused']);
      world.edit({ ttl: '5m' });
      world.settle();
      expect(world.run.effective?.ttl).toBe('5m');
    }
  });

  it('a running session keeps its ttl when the policy changes its default and the spec drops the ttl', () => {
    const world = World.running({ ttl: '10m', supervisor: 'None' });
    world.rules = under({ ttl: { default: '1m' } });
    withoutTtl(world);
    world.settle();
    expect(world.run.effective?.ttl).toBe('10m');
  });

  it('the operator does not evict a pod where the policy forbids it, also when the user asks later', () => {
    const world = World.running({ supervisor: 'None' });
    world.rules = under({ allow: ['SupervisorNone'] });
    world.edit({ ifUnstoppable: 'EvictPod', cancel: true });
    for (let round = 0; round < 3; round += 1) {
      world.settle();
      if (world.actions.underWay) world.tried({ kind: 'survived', processes: 1 });
      world.pass(60 * SECOND);
    }
    expect(world.effects).not.toContain('stop Eviction');
  });

  it('the operator does not retire a pod where the policy forbids it, says so, and holds no finalizer', () => {
    const world = World.running();
    world.rules = under({ allow: [] });
    world.edit({ podAfterSession: 'Evict' });
    world.ends();
    world.settle();
    expect([world.condition('PodRetired'), world.effects.at(-1)]).toEqual(['False PolicyDenied', 'removeFinalizer']);
    expect(world.told).not.toContain('Retiring');
    world.rules = OPEN_RULES;
    expect(world.settle()).toBeUndefined();
    expect(world.effects).not.toContain('stop Eviction');
    // The record holds it, and not the condition.
    expect(world.run.podRetired).toBe(false);
    world.forgetConditions();
    world.settle();
    expect(world.effects).not.toContain('stop Eviction');
    expect(world.condition('PodRetired')).toBe('False PolicyDenied');
  });

  it('the operator retires a pod once it knows that the policy allows that, and keeps the session until then', () => {
    const world = World.running({ podAfterSession: 'Evict', ttlAfterFinished: '0s' });
    world.rules = { ...OPEN_RULES, policy: { kind: 'unread', message: 'not yet' } };
    world.ends();
    world.settle();
    expect([world.condition('PodRetired'), world.session.metadata.finalizers?.length]).toEqual([
      'False PolicyNotFound',
      1,
    ]);
    world.rules = OPEN_RULES;
    world.settle();
    expect([world.condition('PodRetired'), world.effects.at(-1)]).toEqual(['False Evicting', 'stop Eviction']);
    expect(world.told.filter((reason) => reason === 'Retiring')).toHaveLength(1);
  });
});
