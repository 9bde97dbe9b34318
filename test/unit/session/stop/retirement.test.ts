import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { Pod } from '../../../../src/api/pod.ts';
import type { Rules } from '../../../../src/session/look/rules.ts';
import { OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { interestOf } from '../../../../src/session/plan/plan.ts';
import { World } from '../../../support/world/world.ts';

// spec.podAfterSession: Evict. A pod that somebody has been inside goes once the session is over.

/** A session that has just ended by itself, in a pod that a ReplicaSet looks after. */
function over(change: (pod: Pod) => void = () => undefined): World {
  const world = new World({ command: ['true'], podAfterSession: 'Evict' });
  world.changePod((pod) => {
    pod.metadata.ownerReferences = [{ kind: 'ReplicaSet', name: 'web-7c9f', uid: 'rs', controller: true }];
    change(pod);
  });
  world.settle();
  world.starts();
  world.settle();
  world.ends();
  world.settle();
  return world;
}

it('the operator tells a retirement before it evicts the pod, and evicts only after the end of the session', () => {
  const world = over();
  expect(world.effects.slice(-3)).toEqual(['status Completed', 'status Completed', 'stop Eviction']);
  expect(world.condition('PodRetired')).toBe('False Evicting');
  expect(world.events.at(-1)).toMatchObject({ reason: 'Retiring', type: 'Normal' });
  expect(world.events.at(-1)?.note).toMatch(/a session has run in it. ReplicaSet web-7c9f creates another$/);
  world.tried({ kind: 'asked' });
  world.settle();
  world.changePod((pod) => (pod.metadata.deletionTimestamp = '2026-01-01T12:00:01Z'));
  world.settle();
  expect([world.phase, world.condition('PodRetired')]).toEqual(['Completed', 'True Retired']);
  expect(world.effects.slice(-3)).toEqual(['stop Eviction', 'status Completed', 'removeFinalizer']);
});

it('the operator warns before it evicts a pod without a controller', () => {
  const world = over((pod) => delete pod.metadata.ownerReferences);
  expect(world.events.at(-1)).toMatchObject({ reason: 'Retiring', type: 'Warning' });
});

it('a retirement blocked by a disruption budget keeps the finalizer, and the operator writes its status once', () => {
  const world = over();
  world.tried({ kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' });
  expect([world.settle(), world.condition('PodRetired')]).toEqual([5_000, 'False EvictionBlocked']);
  const writes = world.effects.length;
  for (const pause of [5_000, 10_000, 20_000]) {
    world.pass(pause);
    world.settle();
    world.tried({ kind: 'blocked', message: `Cannot evict pod, try at ${world.now}` });
    world.settle();
  }
  expect(world.effects.slice(writes)).toEqual(['stop Eviction', 'stop Eviction', 'stop Eviction']);
  expect(world.session.metadata.finalizers).toHaveLength(1);
  world.podGoes({ seen: true });
  world.settle();
  expect([world.condition('PodRetired'), world.effects.at(-1)]).toEqual(['True Retired', 'removeFinalizer']);
});

it('a blocked retirement does not hold a deleted session whose container ended 30 s ago', () => {
  const world = over();
  world.tried({ kind: 'blocked', message: 'not now' });
  world.settle();
  world.delete();
  world.pass(30_000);
  if (world.actions.underWay) world.tried({ kind: 'blocked', message: 'not now' });
  world.settle();
  expect(world.gone).toBe(true);
});

it('the operator does not retire the pod of a container that never ran', () => {
  const world = new World({ podAfterSession: 'Evict', startTimeout: '1m' });
  world.settle();
  world.waits('InvalidImageName', 'no');
  world.settle();
  expect([world.phase, world.condition('PodRetired')]).toEqual(['Failed', undefined]);
});

it('the operator retires a pod whose podAfterSession the user sets to Evict after the end', () => {
  const world = World.running({ command: ['true'] });
  world.ends();
  world.settle();
  world.edit({ podAfterSession: 'Evict' });
  world.settle();
  expect([world.actions.underWay, world.condition('PodRetired')]).toEqual(['Eviction', 'False Evicting']);
});

it('the operator retires a pod once, also where the pod still stands and the conditions are lost', () => {
  const world = over();
  world.tried({ kind: 'asked' });
  world.changePod((pod) => (pod.metadata.deletionTimestamp = '2026-01-01T12:00:01Z'));
  world.settle();
  expect(world.run.podRetired).toBe(true);
  expect(world.message('PodRetired')).toBe('Pod web-1 is terminating');
  world.changePod((pod) => delete pod.metadata.deletionTimestamp);
  world.forgetConditions();
  world.actions = { tried: {} };
  const begun = world.effects.filter((effect) => effect === 'stop Eviction').length;
  world.settle();
  expect(world.effects.filter((effect) => effect === 'stop Eviction')).toHaveLength(begun);
  expect([world.condition('PodRetired'), world.message('PodRetired')]).toEqual(['True Retired', 'Pod web-1 is gone']);
});

it('a blocked retirement is dropped with its condition and finalizer when the user sets podAfterSession to Keep', () => {
  const world = over();
  world.tried({ kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' });
  world.settle();
  world.edit({ podAfterSession: 'Keep' });
  world.settle();
  expect([world.condition('PodRetired'), world.session.metadata.finalizers]).toEqual([undefined, []]);
});

describe('a policy with podAfterSession Evict', () => {
  const BLOCKED = { kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' } as const;
  const PLAIN: DebugPolicySpec = { images: ['*/**:*'], profiles: ['general'], allow: [] };

  function under(policy: Partial<DebugPolicySpec>): Rules {
    return { ...OPEN_RULES, policy: { kind: 'found', spec: { ...PLAIN, ...policy } } };
  }

  /** A session that asks for nothing of the kind and runs under a policy that opens nothing. */
  function running(spec: Partial<DebugSessionSpec> = {}): World {
    const world = new World({ command: ['true'], ...spec });
    world.rules = under({ podAfterSession: 'Evict' });
    world.settle();
    world.starts();
    world.settle();
    return world;
  }

  function blocked(world: World): World {
    world.ends();
    world.settle();
    world.tried(BLOCKED);
    world.settle();
    return world;
  }

  it('a policy with podAfterSession Evict retires a pod without a wish of the session and without an allowance', () => {
    const world = running();
    expect(world.run.demanded).toEqual({ podAfterSession: 'Evict' });
    world.ends();
    world.settle();
    expect([world.actions.underWay, world.condition('PodRetired')]).toEqual(['Eviction', 'False Evicting']);
  });

  it.each<[string, Partial<DebugSessionSpec>]>([
    ['retires the pod of a session that asks for Evict and then for Keep', { podAfterSession: 'Evict' }],
    ['retires the pod of a session that asks for Keep', { podAfterSession: 'Keep' }],
  ])('a policy with podAfterSession Evict %s', (_, spec) => {
    const world = running(spec);
    world.edit({ podAfterSession: 'Keep' });
    world.ends();
    world.settle();
    expect(world.actions.underWay).toBe('Eviction');
  });

  it.each<[string, Rules]>([
    ['changed', under({})],
    ['deleted', { ...OPEN_RULES, policy: { kind: 'absent' } }],
    ['unread', { ...OPEN_RULES, policy: { kind: 'unread', message: 'no' } }],
  ])('a policy with podAfterSession Evict retires the pod also when it is %s while the session runs', (_, rules) => {
    const world = running();
    world.rules = rules;
    world.ends();
    world.settle();
    expect(world.actions.underWay).toBe('Eviction');
  });

  it('a policy with podAfterSession Evict does not apply to a session that began before', () => {
    const world = new World({ command: ['true'] });
    world.rules = under({});
    world.settle();
    world.starts();
    world.settle();
    world.rules = under({ podAfterSession: 'Evict' });
    world.ends();
    world.settle();
    expect([world.actions.underWay, world.condition('PodRetired')]).toEqual([undefined, undefined]);
  });

  it('a retirement that the policy demands holds a deleted session until the pod is gone', () => {
    const world = blocked(running());
    world.delete();
    world.pass(3_600_000);
    expect(world.settle()).toBeUndefined();
    expect([world.gone, world.actions.underWay]).toEqual([false, 'Eviction']);
    world.tried(BLOCKED);
    expect(world.settle()).toBeGreaterThan(0);
    world.podGoes({ seen: true });
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('a retirement that the policy demands holds back an attempt in another pod until the pod is gone', () => {
    const world = blocked(running());
    world.edit({ attempt: 2, target: { podName: 'other' } });
    world.settle();
    expect([world.phase, world.run.attempt, world.condition('PodRetired')]).toEqual([
      'Completed',
      1,
      'False EvictionBlocked',
    ]);
    expect(interestOf(world.session, world.now)).toEqual({ kind: 'pod', name: world.run.podName });
    world.podGoes({ seen: true });
    world.settle();
    expect(world.session.status?.attempt === 2 || world.phase === 'Pending').toBe(true);
  });

  it('a retirement that the policy demands applies to a run that ran and failed', () => {
    const world = running();
    world.ends({ exitCode: 127, message: 'CommandNotFound\n' });
    world.settle();
    expect(world.condition('PodRetired')).toBe('False Evicting');
  });

  it('a retirement that the policy demands does not apply to a container that never ran', () => {
    const world = new World({ startTimeout: '1m' });
    world.rules = under({ podAfterSession: 'Evict' });
    world.settle();
    world.waits('InvalidImageName', 'no');
    world.settle();
    expect([world.phase, world.condition('PodRetired')]).toEqual(['Failed', undefined]);
  });

  it('a retirement that the policy demands applies to a late start once it has ended', () => {
    const world = new World({ supervisor: 'None', command: ['true'], startTimeout: '1m' });
    world.rules = under({ allow: ['SupervisorNone'], podAfterSession: 'Evict' });
    world.settle();
    world.waits('ContainerCreating', 'no image yet');
    world.pass(62_000);
    world.settle();
    world.starts();
    world.settle();
    world.tried({ kind: 'asked' });
    world.ends();
    world.settle();
    expect([world.run.state, world.condition('PodRetired')]).toEqual(['StartedLate', 'False Evicting']);
  });
});
