import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import type { ActionOutcome } from '../../../../src/session/look/actions.ts';
import { aPod } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

// How the operator goes on with a pod that has to go: what it says, and when it tries again.

/** A session that has just ended, and whose pod the operator is evicting. */
function evicting(): World {
  const world = World.running({ command: ['true'], podAfterSession: 'Evict' });
  world.ends();
  world.settle();
  expect(world.actions.underWay).toBe('Eviction');
  return world;
}

describe('a pod that need not be evicted any more', () => {
  it.each<[string, (world: World) => void, string]>([
    ['is gone', (world) => world.podGoes({ seen: true }), 'is gone'],
    [
      'was replaced by another of its name',
      (world) => world.podIsReplaced(aPod((pod) => (pod.metadata.uid = 'pod-uid-2'))),
      'is gone',
    ],
    [
      'is terminating',
      (world) => world.changePod((pod) => (pod.metadata.deletionTimestamp = toTimestamp(world.now))),
      'is terminating',
    ],
    ['has succeeded', (world) => world.changePod((pod) => (pod.status.phase = 'Succeeded')), 'has finished'],
    ['has failed', (world) => world.changePod((pod) => (pod.status.phase = 'Failed')), 'has finished'],
  ])('the status says that a pod is retired that %s', (_words, act, says) => {
    const world = evicting();
    world.tried({ kind: 'blocked', message: 'not now' });
    world.settle();
    act(world);
    expect(world.settle()).toBeUndefined();
    expect([world.condition('PodRetired'), world.message('PodRetired')]).toEqual(['True Retired', `Pod web-1 ${says}`]);
    expect([world.run.podRetired, world.actions.underWay]).toEqual([true, undefined]);
  });
});

describe('an eviction that was tried', () => {
  it('the operator evicts a pod again that still stands a minute after its eviction was accepted', () => {
    const world = evicting();
    world.tried({ kind: 'asked' });
    expect(world.settle()).toBe(60_000);
    world.pass(59_999);
    expect([world.settle(), world.actions.underWay]).toEqual([1, undefined]);
    world.pass(1);
    world.settle();
    expect([world.condition('PodRetired'), world.actions.underWay]).toEqual(['False Evicting', 'Eviction']);
  });

  it.each<[ActionOutcome, string, string]>([
    [{ kind: 'blocked', message: 'disruption budget' }, 'EvictionBlocked', 'disruption budget'],
    [{ kind: 'failed', message: 'HTTP 500' }, 'EvictionFailed', 'HTTP 500'],
    [{ kind: 'survived', processes: 1 }, 'EvictionFailed', 'survived'],
  ])('the status says why the operator could not evict a pod: %j', (outcome, reason, why) => {
    const world = evicting();
    world.tried(outcome);
    expect(world.settle()).toBe(5_000);
    expect(world.condition('PodRetired')).toBe(`False ${reason}`);
    expect(world.message('PodRetired')).toBe(`The operator could not evict pod web-1: ${why}`);
    world.pass(4_999);
    expect([world.settle(), world.actions.underWay]).toEqual([1, undefined]);
    world.pass(1);
    world.settle();
    expect(world.actions.underWay).toBe('Eviction');
  });

  it('two operators whose evictions fail differently do not overwrite the reason of each other', () => {
    const world = evicting();
    world.tried({ kind: 'failed', message: 'HTTP 500' });
    world.settle();
    const other = world.actions;
    world.actions = { underWay: 'Eviction', tried: {} };
    world.tried({ kind: 'blocked', message: 'disruption budget' });
    world.settle();
    expect(world.condition('PodRetired')).toBe('False EvictionBlocked');
    world.actions = other;
    const writes = world.effects.length;
    world.settle();
    expect([world.condition('PodRetired'), world.effects.length]).toEqual(['False EvictionBlocked', writes]);
  });
});

it('a raised attempt says nothing of the pod that an earlier attempt has retired', () => {
  const world = evicting();
  world.podGoes({ seen: true });
  world.settle();
  expect(world.condition('PodRetired')).toBe('True Retired');
  world.podIsReplaced(aPod((pod) => (pod.metadata.uid = 'pod-uid-2')));
  world.edit({ attempt: 2, podAfterSession: 'Keep' });
  world.settle();
  world.starts();
  world.settle();
  world.ends();
  world.settle();
  expect([world.phase, world.run.attempt, world.condition('PodRetired')]).toEqual(['Completed', 2, undefined]);
});
