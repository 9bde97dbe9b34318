import { describe, expect, it } from '@jest/globals';
import { interestOf } from '../../../../src/session/plan/plan.ts';
import { runsAgain } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';

// An attempt that waits for the container of the attempt before it: what is said, and what is done meanwhile.

function raised(world: World): World {
  world.edit({ attempt: 2 });
  world.settle();
  expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PreviousRunNotOver']);
  return world;
}

it('the operator tells and ends the late start that a raised attempt waits for', () => {
  const world = raised(World.neverStarted());
  world.starts();
  world.settle();
  expect([world.phase, world.actions.underWay]).toEqual(['Pending', 'Exec']);
  expect(world.session.status?.runs?.[0]).toMatchObject({ state: 'StartedLate', stop: { cause: 'StartedLate' } });
  expect(world.told).toEqual(['Injected', 'Failed', 'StartedLate']);
  expect(world.message('Injected')).toMatch(/of attempt 1 started late and runs; attempt 2 starts when it has ended$/);
});

describe('the words of an attempt that waits', () => {
  it('a waiting attempt says until when a supervised container may still start', () => {
    const world = raised(World.neverStarted());
    expect(world.message('Injected')).toBe(
      `Container ${world.run.debugContainerName} of attempt 1 may still start until ${world.run.startBy}; attempt 2 starts after that`,
    );
  });

  it('a waiting attempt says that a container ran again where the operator cannot look at it', () => {
    const world = runsAgain();
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    expect(raised(world).message('Injected')).toMatch(
      /of attempt 1 ran again when it was last seen; attempt 2 starts when it has ended$/,
    );
  });

  it('a waiting attempt says that the kubelet has lost the container before it', () => {
    const world = World.running({ ttl: '1m' });
    world.waits('ContainerCreating');
    world.pass(world.settle() ?? 0);
    world.settle();
    expect(raised(world).message('Injected')).toMatch(
      /has no status from the kubelet any more; attempt 2 starts when it has ended, or its pod is gone$/,
    );
  });
});

it('the operator looks at the pod of the container that an attempt in another pod waits for', () => {
  const world = World.neverStarted();
  world.edit({ attempt: 2, target: { podName: 'other' } });
  world.settle();
  expect(interestOf(world.session, world.now)).toEqual({ kind: 'pod', name: 'web-1' });
});

it('pendingTimeout of an attempt begins when the attempt before it is over, also where its policy is unread', () => {
  const world = raised(World.neverStarted());
  expect(world.session.status?.waitingSince).toBeUndefined();
  world.rules = { ...world.rules, policy: { kind: 'unread', message: 'no' } };
  world.pass(11_000);
  expect(world.settle()).toBe(600_999);
  expect([world.phase, world.condition('Reconciling')]).toEqual(['Pending', 'True PolicyNotFound']);
  expect(world.session.status?.waitingSince).toBe(new Date(world.now).toISOString().replace('.000', ''));
});

describe('a late start beside a live attempt', () => {
  function beside(): World {
    const world = World.neverStarted();
    world.pass(140_000);
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    return world;
  }

  function lateStart(world: World): void {
    const newest = world.container;
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.starts();
    world.container = newest;
  }

  it('the end of the live attempt comes before the late start of an earlier one', () => {
    const world = beside();
    lateStart(world);
    world.edit({ cancel: true });
    world.step();
    expect([world.phase, world.session.status?.runs?.[0]?.state]).toEqual(['Ending', 'Failed']);
    world.settle();
    expect([world.session.status?.runs?.[0]?.state, world.actionsBeside.underWay]).toEqual(['StartedLate', 'Exec']);
  });

  it('the operator tells the start of an earlier container, and not its end', () => {
    const world = beside();
    const before = world.told;
    lateStart(world);
    world.settle();
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.session.status?.runs?.[0]?.exitCode).toBe(143);
    expect(world.told).toStrictEqual([...before, 'StartedLate']);
  });
});
