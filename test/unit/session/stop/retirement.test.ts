import { expect, it } from '@jest/globals';
import type { Pod } from '../../../../src/api/pod.ts';
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

it('is told before it is done, and done only after the end', () => {
  const world = over();
  expect(world.effects.slice(-3)).toEqual(['status Completed', 'status Completed', 'stop Eviction']);
  expect(world.condition('PodRetired')).toBe('False Evicting');
  expect(world.events.at(-1)).toMatchObject({ reason: 'Retiring', type: 'Normal' });
  expect(world.events.at(-1)?.note).toMatch(/somebody has been inside; ReplicaSet web-7c9f makes another$/);
  world.tried({ kind: 'asked' });
  world.settle();
  world.changePod((pod) => (pod.metadata.deletionTimestamp = '2026-01-01T12:00:01Z'));
  world.settle();
  expect([world.phase, world.condition('PodRetired')]).toEqual(['Completed', 'True Retired']);
  expect(world.effects.slice(-3)).toEqual(['stop Eviction', 'status Completed', 'removeFinalizer']);
});

it('warns of a pod without a controller: nothing makes it again', () => {
  const world = over((pod) => delete pod.metadata.ownerReferences);
  expect(world.events.at(-1)).toMatchObject({ reason: 'Retiring', type: 'Warning' });
});

it('waits for a disruption budget, holds its finalizer, and writes once', () => {
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

it('does not hold a deleted session whose container has ended for longer than 30 s', () => {
  const world = over();
  world.tried({ kind: 'blocked', message: 'not now' });
  world.settle();
  world.delete();
  world.pass(30_000);
  if (world.efforts.underWay) world.tried({ kind: 'blocked', message: 'not now' });
  world.settle();
  expect(world.gone).toBe(true);
});

it('is not for a container that never ran', () => {
  const world = new World({ podAfterSession: 'Evict', startTimeout: '1m' });
  world.settle();
  world.waits('InvalidImageName', 'no');
  world.settle();
  expect([world.phase, world.condition('PodRetired')]).toEqual(['Failed', undefined]);
});

it('may be asked for after the end', () => {
  const world = World.running({ command: ['true'] });
  world.ends();
  world.settle();
  world.edit({ podAfterSession: 'Evict' });
  world.settle();
  expect([world.efforts.underWay, world.condition('PodRetired')]).toEqual(['Eviction', 'False Evicting']);
});

it('is not waited for any more once nobody wants it: what is said of it goes, and the finalizer with it', () => {
  const world = over();
  world.tried({ kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' });
  world.settle();
  world.edit({ podAfterSession: 'Keep' });
  world.settle();
  expect([world.condition('PodRetired'), world.session.metadata.finalizers]).toEqual([undefined, []]);
});
