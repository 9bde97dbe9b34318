import { describe, expect, it } from '@jest/globals';
import type { ActionOutcome } from '../../../../src/session/look/actions.ts';
import { World } from '../../../support/world/world.ts';

// What status and events tell of a container that has to end, and when.

const NO_RIGHT: ActionOutcome = { kind: 'forbidden', message: 'the operator may not' };

function cancelled(spec = {}): World {
  const world = World.running({ command: ['true'], ...spec });
  world.edit({ cancel: true });
  world.settle();
  return world;
}

/** What was begun goes so, and the world comes to rest. */
function goes(world: World, outcome: ActionOutcome): World {
  world.tried(outcome);
  world.settle();
  return world;
}

/** Another process of the operator: it has tried nothing and said nothing. */
function restart(world: World): World {
  world.actions = { tried: {} };
  world.settle();
  return world;
}

const isWrite = (effect: string): boolean => effect.startsWith('status');

it('the operator first says why it ends a container, and tells no eviction', () => {
  const world = cancelled({ ifUnstoppable: 'EvictPod' });
  expect([world.phase, world.actions.underWay, world.told]).toEqual(['Ending', 'Exec', ['Injected', 'Started']]);
  expect(world.message('StopConfirmed')).toMatch(/^The operator ends container debug-\w+-1 of pod web-1 /);
});

describe('the eviction of a pod', () => {
  it.each([
    ['names the controller of the pod', true, 'Normal', /ReplicaSet web-7c9f creates another$/],
    ['warns of a pod without a controller', false, 'Warning', /has no controller, so nothing recreates it/],
  ])('the event of an eviction %s', (_, hasController, type, words) => {
    const world = cancelled({ ifUnstoppable: 'EvictPod' });
    world.changePod((pod) => {
      if (hasController)
        pod.metadata.ownerReferences = [{ kind: 'ReplicaSet', name: 'web-7c9f', uid: 'rs', controller: true }];
    });
    goes(world, NO_RIGHT);
    expect([world.actions.underWay, world.run.stop?.routes]).toEqual(['Eviction', ['Exec', 'Eviction']]);
    expect(world.told).toEqual(['Injected', 'Started', 'Evicting']);
    expect(world.events.at(-1)?.type).toBe(type);
    expect(world.events.at(-1)?.note).toMatch(words);
  });
});

describe('an end that is not confirmed', () => {
  it('the operator tells once that an end is not confirmed, also where it finds another reason later', () => {
    const world = goes(cancelled(), NO_RIGHT);
    expect(world.condition('StopConfirmed')).toBe('False NoRoute');
    goes(restart(world), { kind: 'survived', processes: 2 });
    expect(world.condition('StopConfirmed')).toBe('False ProcessSurvived');
    expect(world.told).toEqual(['Injected', 'Started', 'StopUnconfirmed']);
  });

  it('a restarted operator does not write the same reason again in other words', () => {
    const world = goes(cancelled(), NO_RIGHT);
    const [writes, message] = [world.effects.filter(isWrite).length, world.message('StopConfirmed')];
    goes(restart(world), { kind: 'forbidden', message: 'the operator still may not' });
    expect([world.effects.filter(isWrite).length, world.message('StopConfirmed')]).toEqual([writes, message]);
  });
});
