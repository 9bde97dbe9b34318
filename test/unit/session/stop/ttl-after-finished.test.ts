import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { World } from '../../../support/world/world.ts';

const HOUR = 3_600_000;

/** A session that has run for a minute and has ended; the planner's pause then, in ms. */
function over(spec: Partial<DebugSessionSpec> = {}): { world: World; pause: number | undefined } {
  const world = World.running({ ttlAfterFinished: '1h', ...spec });
  world.pass(60_000);
  world.ends();
  return { world, pause: world.settle() };
}

function isDeleted({ effects }: World): boolean {
  return effects.includes('delete');
}

describe('ttlAfterFinished of a session that is over', () => {
  it('the operator deletes a session at its ttlAfterFinished, and not one millisecond before', () => {
    const { world, pause } = over();
    expect(pause).toBe(HOUR + 999);
    world.pass(HOUR + 998);
    expect([world.settle(), isDeleted(world)]).toEqual([1, false]);
    world.pass(1);
    world.settle();
    expect([world.effects.slice(-3), world.gone]).toEqual([['status Completed', 'removeFinalizer', 'delete'], true]);
  });

  it('the operator deletes a session long past its ttlAfterFinished at its first look', () => {
    const { world } = over();
    world.pass(30 * 24 * HOUR);
    expect(world.step()).toEqual({ effect: { kind: 'delete' }, events: [] });
  });

  it('the operator deletes a session with ttlAfterFinished 0s once its end is confirmed and its finalizer is off', () => {
    const { world, pause } = over({ ttlAfterFinished: '0s' });
    expect([pause, world.session.metadata.finalizers]).toEqual([999, []]);
    world.pass(999);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it.each([
    ['nothing was injected', { notAfter: '2025-01-01T00:00:00Z' }],
    ['its pod never came', { target: { podName: 'web-1' }, pendingTimeout: '1s' }],
  ])('the operator deletes a session at its ttlAfterFinished also where %s', (_, spec) => {
    const world = new World({ ttlAfterFinished: '1h', ...spec });
    world.pod = undefined;
    world.settle();
    world.pass(2_000);
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Failed', 'True NothingToStop']);
    world.pass(HOUR + 999);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('ttlAfterFinished counts by the clock of the operator where the clock of the node is an hour behind', () => {
    const world = World.running({ ttlAfterFinished: '10m' });
    world.pass(60_000);
    const hourAgo = new Date(world.now - HOUR).toISOString();
    world.ends({ finishedAt: hourAgo });
    expect([world.settle(), world.session.status?.completedAt]).toEqual([600_999, hourAgo]);
  });
});

describe('a session that the operator does not delete yet', () => {
  it('the operator never deletes a session without ttlAfterFinished', () => {
    const world = World.running();
    world.ends();
    expect(world.settle()).toBeUndefined();
    world.pass(10 * 8760 * HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });

  it('the operator does not delete a session whose container runs past its deadline', () => {
    const world = World.running({ ttlAfterFinished: '0s', ttl: '1m', supervisor: 'None' });
    world.pass(24 * HOUR);
    world.settle();
    expect([world.phase, isDeleted(world)]).toEqual(['Ending', false]);
  });

  it('the operator does not delete a session that waits for its pod or starts', () => {
    const world = new World({ ttlAfterFinished: '0s', pendingTimeout: '2h', startTimeout: '1h' });
    const { pod } = world;
    world.pod = undefined;
    world.settle();
    world.pass(HOUR);
    world.settle();
    expect([world.phase, isDeleted(world)]).toEqual(['Pending', false]);
    world.pod = pod;
    world.settle();
    world.pass(HOUR / 2);
    world.settle();
    expect([world.phase, isDeleted(world)]).toEqual(['Starting', false]);
  });

  it('the operator keeps a session whose container may start late until its pod is gone', () => {
    const world = World.neverStarted({ ttlAfterFinished: '0s' });
    expect(world.condition('StopConfirmed')).toBe('Unknown MayStartLate');
    world.pass(Date.parse(world.run.lastMoment ?? '') - world.now - 1);
    expect([world.settle(), isDeleted(world)]).toEqual([1, false]);
    world.pass(1);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('Unknown LastMomentPassed');
    world.pass(24 * HOUR);
    expect([world.settle(), world.gone]).toEqual([undefined, false]);
    world.podGoes({ seen: false });
    world.settle();
    expect([world.condition('StopConfirmed'), world.gone]).toEqual(['Unknown ForceDeleted', true]);
  });

  it('ttlAfterFinished of a session that started late counts from the end of its container', () => {
    const world = World.neverStarted({ ttlAfterFinished: '1h' });
    world.starts();
    world.settle();
    world.pass(2 * HOUR);
    world.settle();
    expect([world.condition('StopConfirmed'), isDeleted(world)]).toEqual(['False StartedLate', false]);
    world.ends({ exitCode: 143 });
    expect([world.settle(), world.condition('StopConfirmed')]).toEqual([HOUR + 999, 'True Terminated']);
  });

  it('the operator never deletes a session whose container may start late without a supervisor', () => {
    const world = World.neverStarted({ ttlAfterFinished: '0s', supervisor: 'None' });
    world.pass(24 * HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });

  it('the operator keeps a session whose pod went unseen until the last moment of its container', () => {
    const world = World.running({ ttl: '5m', ttlAfterFinished: '1s' });
    world.podGoes({ seen: false });
    expect(world.settle()).toBe(Date.parse(world.run.lastMoment ?? '') - world.now);
    expect([world.condition('StopConfirmed'), world.gone]).toEqual(['Unknown ForceDeleted', false]);
    world.now = Date.parse(world.run.lastMoment ?? '');
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('the operator keeps a session whose pod went unseen for the whole ttlAfterFinished', () => {
    const world = World.running({ ttl: '5m', ttlAfterFinished: '1h' });
    world.podGoes({ seen: false });
    expect([world.settle(), world.condition('StopConfirmed')]).toEqual([HOUR + 999, 'Unknown ForceDeleted']);
  });

  it('the operator keeps a session while the container of an earlier attempt may live in a pod that went unseen', () => {
    const world = World.running({ ttl: '30m', ttlAfterFinished: '0s' });
    const { pod } = world;
    world.podGoes({ seen: false });
    world.settle();
    const lastMoment = Date.parse(world.run.lastMoment ?? '');
    world.pod = pod && { ...pod, metadata: { ...pod.metadata, uid: 'pod-uid-2' }, status: { phase: 'Running' } };
    world.edit({ attempt: 2, ttl: '1m' });
    world.settle();
    world.starts();
    world.settle();
    world.ends();
    expect(world.settle()).toBe(lastMoment - world.now);
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'True Terminated']);
    world.pass(lastMoment - world.now);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('the operator never deletes a session with an attempt that waits behind one without a supervisor', () => {
    const world = World.neverStarted({ ttlAfterFinished: '0s', supervisor: 'None' });
    world.edit({ attempt: 2, supervisor: 'Shell' });
    world.settle();
    world.pass(24 * HOUR);
    expect([world.settle(), world.condition('Injected'), isDeleted(world)]).toEqual([
      undefined,
      'False PreviousRunNotOver',
      false,
    ]);
  });

  it('an attempt raised in the last millisecond keeps the session, and ttlAfterFinished counts from its end', () => {
    const { world } = over();
    world.pass(HOUR + 999);
    world.edit({ attempt: 2 });
    world.settle();
    expect([world.phase, world.run.attempt, isDeleted(world)]).toEqual(['Starting', 2, false]);
    world.starts();
    world.settle();
    world.pass(60_000);
    world.ends();
    expect([world.settle(), isDeleted(world)]).toEqual([HOUR, false]);
  });

  it('the operator keeps a session whose ttlAfterFinished is lengthened or removed in the last millisecond', () => {
    for (const ttlAfterFinished of ['2h', undefined]) {
      const { world } = over();
      world.pass(HOUR + 999);
      world.edit({});
      if (ttlAfterFinished === undefined) delete world.session.spec.ttlAfterFinished;
      else world.edit({ ttlAfterFinished });
      expect([world.settle(), isDeleted(world)]).toEqual([ttlAfterFinished && HOUR, false]);
    }
  });

  it('the operator does not delete a session again that is being deleted and has finalizers of others', () => {
    const { world } = over({ ttlAfterFinished: '0s' });
    world.session.metadata.finalizers = ['others/one'];
    world.delete();
    world.pass(HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });
});

it('the operator deletes a session at once when a shorter ttlAfterFinished has already passed', () => {
  const { world } = over({ ttlAfterFinished: '24h' });
  world.pass(2 * HOUR);
  world.edit({ ttlAfterFinished: '1h' });
  world.settle();
  expect(world.gone).toBe(true);
});

it('the operator looks at an ended session again when its container can no longer start', () => {
  const world = new World({ ttlAfterFinished: '24h', startTimeout: '5m' });
  world.settle();
  world.containerID = 'containerd://first';
  world.starts();
  world.settle();
  world.pass(60_000);
  world.ends({ containerID: 'containerd://first' });
  expect(world.settle()).toBe(Date.parse(world.run.startBy ?? '') - world.now);
});
