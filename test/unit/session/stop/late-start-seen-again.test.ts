import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { lookAgain } from '../../../../src/session/stop/second-look.ts';
import { toldOf } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';

// What the operator reads of a container whose run has failed before it started.

const FIRST = 'containerd://first';

/** A container that started late, and on which one stop has failed. */
function startedLate(): World {
  const world = World.neverStarted({ command: ['sleep', '1d'] });
  world.containerID = FIRST;
  world.starts();
  world.settle();
  world.tried({ kind: 'failed', message: 'HTTP 500' });
  world.settle();
  return world;
}

describe('a container that started late', () => {
  it('the operator tells of a late start once, and of nothing when it sees the container run on', () => {
    const world = World.neverStarted({ command: ['sleep', '1d'] });
    expect(toldOf(world, () => world.starts())).toStrictEqual(['StartedLate']);
    world.tried({ kind: 'failed', message: 'HTTP 500' });
    world.settle();
    expect(toldOf(world, () => world.pass(1_000))).toStrictEqual([]);
  });

  it.each<[string, (world: World) => void]>([
    ['of which the kubelet lost sight', (world) => world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown' })],
    ['that the kubelet shows waiting again', (world) => world.waits('ContainerCreating')],
  ])('the operator goes on to stop a late start %s, and tells nothing new', (_words, act) => {
    const world = startedLate();
    expect(toldOf(world, () => act(world))).toStrictEqual([]);
    expect([world.run.state, world.condition('StopConfirmed')]).toEqual(['StartedLate', 'False ExecFailed']);
    expect(world.run).not.toHaveProperty('exitCode');
    world.pass(5_000);
    world.settle();
    expect(world.actions.underWay).toBe('Exec');
  });

  it('the operator tells of the eviction of a late start alone, and endedBy names it', () => {
    const world = World.neverStarted({ command: ['sleep', '1d'], ifUnstoppable: 'EvictPod' });
    world.starts();
    world.settle();
    expect(toldOf(world, () => world.tried({ kind: 'survived', processes: 1 }))).toStrictEqual(['Evicting']);
    expect(world.actions.underWay).toBe('Eviction');
    world.tried({ kind: 'asked' });
    world.changePod((pod) => (pod.metadata.deletionTimestamp = toTimestamp(world.now)));
    world.ends({ exitCode: 137 });
    world.settle();
    expect(world.run).toMatchObject({ state: 'StartedLate', exitCode: 137, endedBy: 'Eviction' });
  });
});

describe('the end of a container that started late', () => {
  it.each([
    ['shows it in the pod', false],
    ['showed it before the pod went', true],
  ])('the run records what ran and how it ended, where the kubelet %s', (_words, isGone) => {
    const world = World.neverStarted();
    const { message = '' } = world.run;
    world.containerID = FIRST;
    world.ends({ exitCode: 143 });
    if (isGone) world.podGoes({ seen: true });
    expect(toldOf(world, () => undefined)).toStrictEqual([]);
    expect(world.run).toMatchObject({ ...{ containerID: FIRST, imageID: 'sha256:abc' }, exitCode: 143 });
    expect(world.run.message).toBe(`${message}; started late and ended with exit code 143`);
    expect(world.run).not.toHaveProperty('podGoneAt');
    expect(world.condition('StopConfirmed')).toBe('True Terminated');
  });

  it.each<[string, (world: World) => void]>([
    ['went unseen', (world) => world.podGoes({ seen: false })],
    ['went while its container ran', (world) => world.podGoes({ seen: true })],
  ])('the run records the end of a pod that %s, and nothing confirms the end of its container', (_words, act) => {
    const world = startedLate();
    expect(toldOf(world, () => act(world))).toStrictEqual([]);
    expect(world.run).toMatchObject({ endedBy: 'PodGone', podGoneAt: toTimestamp(world.now) });
    expect([world.condition('StopConfirmed'), world.session.metadata.finalizers]).toEqual(['Unknown ForceDeleted', []]);
  });

  it.each(['Succeeded', 'Failed'])('a container that never ran is over with its pod in phase %s', (phase) => {
    const world = World.neverStarted();
    expect(toldOf(world, () => world.changePod((pod) => (pod.status.phase = phase)))).toStrictEqual([]);
    expect(world.run).toMatchObject({ endedBy: 'PodGone', podGoneAt: toTimestamp(world.now) });
    expect(world.session.metadata.finalizers).toEqual([]);
  });

  it.each(['Running', 'Pending'])('a container that never ran may start in a pod in phase %s', (phase) => {
    const world = World.neverStarted();
    world.changePod((pod) => (pod.status.phase = phase));
    world.settle();
    expect(world.run).not.toHaveProperty('podGoneAt');
    expect(world.condition('StopConfirmed')).toBe('Unknown MayStartLate');
  });
});

it('the operator learns nothing of a late start from a pod that it could not look at', () => {
  const world = startedLate();
  const { session, now, run } = world;
  const sighting = { kind: 'unseen', message: 'HTTP 500' } as const;
  expect(lookAgain({ session, now, sighting }, run)).toEqual({ run, events: [], stray: 'StartedLate' });
});
