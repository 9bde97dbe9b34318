import { describe, expect, it } from '@jest/globals';
import { FINALIZER, type DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { interestOf } from '../../../../src/session/plan/plan.ts';
import { stageOf } from '../../../../src/session/plan/stage.ts';
import { aPod } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

// Which pod the next pass looks at, and whose finalizer is put back.

const REF = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } as const;
const POD = { kind: 'pod', name: 'web-1' };
const NONE = { kind: 'none' };

function over(): World {
  const world = World.running();
  world.ends();
  world.settle();
  return world;
}

function lateStart(): World {
  const world = World.neverStarted();
  world.starts();
  world.settle();
  return world;
}

function edited(world: World, spec: Partial<DebugSessionSpec>, ms = 0): World {
  world.pass(ms);
  world.edit(spec);
  return world;
}

function deleted(): World {
  const world = new World();
  world.session.metadata.deletionTimestamp = '2026-01-01T12:00:00Z';
  return world;
}

describe('what the operator looks at', () => {
  it.each<[string, () => World, string, object]>([
    ['the pod of a new session', () => new World(), 'waiting', POD],
    ['a workload', () => new World({ target: { workloadRef: REF } }), 'waiting', { kind: 'workload', ref: REF }],
    ['nothing without a target', () => new World({ target: {} }), 'waiting', NONE],
    ['nothing of a new session that is cancelled', () => new World({ cancel: true }), 'waiting', NONE],
    ['nothing of a session that is deleted before it began', deleted, 'idle', NONE],
    ['the pod of a session that runs', () => World.running(), 'live', POD],
    ['nothing of a session that is over', over, 'over', NONE],
    [
      'nothing of a cancelled attempt behind one that is over',
      () => edited(over(), { attempt: 2, cancel: true }),
      'waiting',
      NONE,
    ],
    ['the pod of a container that may start', () => World.neverStarted(), 'over', POD],
    ['the pod of a late start', lateStart, 'stray', POD],
    ['the pod that an attempt waits for', () => edited(World.neverStarted(), { attempt: 2 }), 'blocked', POD],
    [
      'the pod of a container that may start yet, behind it a cancelled attempt',
      () => edited(World.neverStarted(), { attempt: 2, cancel: true, target: { podName: 'other' } }, 140_000),
      'waiting',
      POD,
    ],
  ])('the operator looks at %s', (_, make, stage, interest) => {
    const { session, now } = make();
    expect([stageOf(session, now), interestOf(session, now)]).toEqual([stage, interest]);
  });
});

describe('a finalizer that was taken off', () => {
  function bare(): World {
    const world = World.neverStarted();
    world.replace();
    return world;
  }

  it('the operator puts the finalizer back while a container of a failed session may start', () => {
    const world = bare();
    expect(world.look()).toEqual({ effect: { kind: 'addFinalizer' }, events: [] });
    world.settle();
    expect(world.session.metadata.finalizers).toEqual([FINALIZER]);
  });

  it('the operator puts no finalizer on a session that is being deleted', () => {
    const world = bare();
    world.session.metadata.finalizers = ['others/one'];
    world.delete();
    world.settle();
    expect([world.session.metadata.finalizers, world.condition('DeletionWaiting')]).toEqual([
      ['others/one'],
      'True ContainerMayStart',
    ]);
  });

  it('the operator puts no finalizer back where the pod was replaced', () => {
    const world = bare();
    world.podIsReplaced(aPod((pod) => (pod.metadata.uid = 'pod-uid-2')));
    expect(world.look().effect.kind).toBe('writeStatus');
    world.settle();
    expect([world.session.metadata.finalizers, world.condition('StopConfirmed')]).toEqual([[], 'Unknown ForceDeleted']);
  });

  it('the operator puts no finalizer back while it cannot look at the pod', () => {
    const world = bare();
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    world.settle();
    expect(world.session.metadata.finalizers).toEqual([]);
  });
});
