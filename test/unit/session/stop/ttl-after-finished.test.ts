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

describe('a session that is over goes', () => {
  it('at its time, not before: the confirmation is known to the second, and its last millisecond counts', () => {
    const { world, pause } = over();
    expect(pause).toBe(HOUR + 999);
    world.pass(HOUR + 998);
    expect([world.settle(), isDeleted(world)]).toEqual([1, false]);
    world.pass(1);
    world.settle();
    expect([world.effects.slice(-3), world.gone]).toEqual([['status Completed', 'removeFinalizer', 'delete'], true]);
  });

  it('at its time also where nobody looked meanwhile', () => {
    const { world } = over();
    world.pass(30 * 24 * HOUR);
    expect(world.step()).toEqual({ effect: { kind: 'delete' }, events: [] });
  });

  it('with 0s as soon as its end is confirmed and its finalizer is off', () => {
    const { world, pause } = over({ ttlAfterFinished: '0s' });
    expect([pause, world.session.metadata.finalizers]).toEqual([999, []]);
    world.pass(999);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it.each([
    ['nothing was injected', { notAfter: '2025-01-01T00:00:00Z' }],
    ['its pod never came', { target: { podName: 'web-1' }, pendingTimeout: '1s' }],
  ])('where %s as well', (_, spec) => {
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

  it('by the clock of the operator, whatever that of the node says', () => {
    const world = World.running({ ttlAfterFinished: '10m' });
    world.pass(60_000);
    const hourAgo = new Date(world.now - HOUR).toISOString();
    world.ends({ finishedAt: hourAgo });
    expect([world.settle(), world.session.status?.completedAt]).toEqual([600_999, hourAgo]);
  });
});

describe('a session stays', () => {
  it('for ever, where the field is absent', () => {
    const world = World.running();
    world.ends();
    expect(world.settle()).toBeUndefined();
    world.pass(10 * 8760 * HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });

  it('while its container runs, though it is past its end (Ending)', () => {
    const world = World.running({ ttlAfterFinished: '0s', ttl: '1m', supervisor: 'None' });
    world.pass(24 * HOUR);
    world.settle();
    expect([world.phase, isDeleted(world)]).toEqual(['Ending', false]);
  });

  it('while it waits for its pod, and while it starts', () => {
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

  it('while its container may start late, until its pod is gone', () => {
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

  it('while its container runs that started late; its time counts from when that has ended', () => {
    const world = World.neverStarted({ ttlAfterFinished: '1h' });
    world.starts();
    world.settle();
    world.pass(2 * HOUR);
    world.settle();
    expect([world.condition('StopConfirmed'), isDeleted(world)]).toEqual(['False StartedLate', false]);
    world.ends({ exitCode: 143 });
    expect([world.settle(), world.condition('StopConfirmed')]).toEqual([HOUR + 999, 'True Terminated']);
  });

  it('for ever, where nothing would end a container that starts late', () => {
    const world = World.neverStarted({ ttlAfterFinished: '0s', supervisor: 'None' });
    world.pass(24 * HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });

  it('until the last moment of a container whose pod went unseen: a node that is cut off may run it', () => {
    const world = World.running({ ttl: '5m', ttlAfterFinished: '1s' });
    world.podGoes({ seen: false });
    expect(world.settle()).toBe(Date.parse(world.run.lastMoment ?? '') - world.now);
    expect([world.condition('StopConfirmed'), world.gone]).toEqual(['Unknown ForceDeleted', false]);
    world.now = Date.parse(world.run.lastMoment ?? '');
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('for its whole time after the pod went unseen', () => {
    const world = World.running({ ttl: '5m', ttlAfterFinished: '1h' });
    world.podGoes({ seen: false });
    expect([world.settle(), world.condition('StopConfirmed')]).toEqual([HOUR + 999, 'Unknown ForceDeleted']);
  });

  it('while the container of an earlier attempt may live, whose pod went unseen', () => {
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

  it('for ever, where an attempt without a supervisor may start yet, with the next one behind it', () => {
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

  it('where an attempt was raised in the last moment, and goes after that one', () => {
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

  it('where its time was lengthened, or taken away, in the last moment', () => {
    for (const ttlAfterFinished of ['2h', undefined]) {
      const { world } = over();
      world.pass(HOUR + 999);
      world.edit({});
      if (ttlAfterFinished === undefined) delete world.session.spec.ttlAfterFinished;
      else world.edit({ ttlAfterFinished });
      expect([world.settle(), isDeleted(world)]).toEqual([ttlAfterFinished && HOUR, false]);
    }
  });

  it('as it is, where it is being deleted and others hold it', () => {
    const { world } = over({ ttlAfterFinished: '0s' });
    world.session.metadata.finalizers = ['others/one'];
    world.delete();
    world.pass(HOUR);
    expect([world.settle(), isDeleted(world)]).toEqual([undefined, false]);
  });
});

it('a shorter time counts at once', () => {
  const { world } = over({ ttlAfterFinished: '24h' });
  world.pass(2 * HOUR);
  world.edit({ ttlAfterFinished: '1h' });
  world.settle();
  expect(world.gone).toBe(true);
});

it('until its time it is looked at as long as its container may run again', () => {
  const world = new World({ ttlAfterFinished: '24h', startTimeout: '5m' });
  world.settle();
  world.containerID = 'containerd://first';
  world.starts();
  world.settle();
  world.pass(60_000);
  world.ends({ containerID: 'containerd://first' });
  expect(world.settle()).toBe(Date.parse(world.run.startBy ?? '') - world.now);
});
