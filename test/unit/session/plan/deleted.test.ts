import { describe, expect, it } from '@jest/globals';
import { World } from '../../../support/world/world.ts';

describe('a deleted session', () => {
  it('the operator restores the finalizer that a replacement of the whole session took away', () => {
    const world = World.running();
    world.replace();
    world.settle();
    expect(world.effects.slice(-1)).toEqual(['addFinalizer']);
    world.delete();
    expect([world.settle(), world.gone]).toEqual([undefined, false]);
  });

  it('a deleted session waits until its container has ended', () => {
    const world = World.running();
    world.delete();
    expect([world.settle(), world.actions.underWay]).toEqual([undefined, 'Exec']);
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.effects.slice(-2), world.gone]).toEqual([['status Completed', 'removeFinalizer'], true]);
  });

  it('a deleted session waits as long as its container runs, and says why and what to do', () => {
    const world = World.running();
    world.delete();
    world.settle();
    world.pass(24 * 3_600_000);
    world.settle();
    expect([world.gone, world.condition('DeletionWaiting')]).toEqual([false, 'True ContainerRuns']);
    expect(world.message('DeletionWaiting')).toMatch(
      /^Container debug-\w+-1 of pod web-1 has not ended\. .*; delete the pod to end the wait$/,
    );
    world.podGoes({ seen: true });
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('the operator stops the container of a session that was deleted while the operator was away', () => {
    const world = World.running();
    world.delete();
    world.pass(600_000);
    world.settle();
    expect([world.gone, world.actions.underWay, world.run.stop?.cause]).toEqual([false, 'Exec', 'Deleted']);
  });

  it('the operator lets go a session that is deleted between the finalizer and the intent', () => {
    const world = new World();
    world.step();
    world.delete();
    world.settle();
    expect([world.effects, world.gone]).toEqual([['addFinalizer', 'removeFinalizer'], true]);
  });

  it('a deleted session that is over is gone at once', () => {
    const world = World.running();
    world.ends();
    world.settle();
    world.delete();
    expect(world.gone).toBe(true);
  });
});
