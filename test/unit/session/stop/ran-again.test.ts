import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { lostSight } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';

// The node has lost the record of a container that had ended, and the kubelet has run it again. API servers before 1.34
// show it running.

const FIRST = 'containerd://first';
const SECOND = 'containerd://second';

/** Over, and running again; the kubelet still knows how it ended before, as it does. */
function ranAgain(): World {
  const world = new World({ command: ['sleep', '600'] });
  world.settle();
  world.containerID = FIRST;
  world.starts();
  world.settle();
  const end = { exitCode: 0, reason: 'Completed', containerID: FIRST, finishedAt: toTimestamp(world.now) };
  world.ends(end);
  world.settle();
  world.pass(10_000);
  world.containerID = SECOND;
  world.kubelet({ running: { startedAt: toTimestamp(world.now) } }, { terminated: end });
  world.settle();
  return world;
}

describe('a container that runs again after its end', () => {
  it('the operator records, reports and stops a container that runs again after its end, and keeps the phase', () => {
    const world = ranAgain();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'False RanAgain']);
    expect(world.run.ranAgain).toEqual({ containerID: SECOND, seenAt: toTimestamp(world.now) });
    expect(world.run).toMatchObject({ containerID: FIRST, reason: 'Exited', stop: { cause: 'RanAgain' } });
    expect(world.actions.underWay).toBe('Exec');
    expect(world.told.filter((line) => line.includes('RanAgain'))).toHaveLength(1);
  });

  it('a stop is confirmed once a container that ran again has ended again', () => {
    const world = ranAgain();
    world.tried({ kind: 'asked' });
    world.ends({ exitCode: 129, message: 'Stopped', containerID: SECOND });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'True Terminated']);
    expect(world.run.ranAgain?.finishedAt).toBe(toTimestamp(world.now));
    expect(world.run).toMatchObject({ containerID: FIRST, exitCode: 0, endedBy: 'Command' });
  });
});

it('the operator stops a late start again when its container runs again after the stop', () => {
  const world = World.neverStarted({ supervisor: 'None' });
  world.containerID = FIRST;
  world.starts();
  world.settle();
  world.tried({ kind: 'asked' });
  world.ends({ exitCode: 137, message: 'Stopped', containerID: FIRST });
  expect(world.settle()).toBe(Date.parse(world.run.startBy ?? '') - world.now);
  world.pass(5_000);
  world.containerID = SECOND;
  world.starts();
  world.settle();
  expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Failed', 'False RanAgain']);
  expect(world.run).toMatchObject({ state: 'StartedLate', ranAgain: { containerID: SECOND } });
  expect(world.actions.underWay).toBe('Exec');
});

describe('a container that the kubelet lost sight of', () => {
  it.each([['containerd://one'], [undefined]])(
    'the operator stops a container that the kubelet lost sight of and sees running again with ID %s',
    (containerID) => {
      const world = lostSight(containerID);
      world.starts();
      world.settle();
      expect([world.condition('StopConfirmed'), world.actions.underWay]).toEqual(['False RanAgain', 'Exec']);
      world.ends({ exitCode: 143 });
      world.settle();
      expect([world.condition('StopConfirmed'), world.session.metadata.finalizers]).toEqual(['True Terminated', []]);
    },
  );

  it.each([['containerd://one'], [undefined]])(
    'the end of a container that the kubelet lost sight of is confirmed when the kubelet reports it with ID %s',
    (containerID) => {
      const world = lostSight(containerID);
      world.ends({ exitCode: 143 });
      world.settle();
      expect([world.condition('StopConfirmed'), world.session.metadata.finalizers]).toEqual(['True Terminated', []]);
    },
  );

  it('a deleted session whose container the kubelet lost sight of waits for the end of its pod and says why', () => {
    const world = lostSight();
    world.delete();
    world.settle();
    expect([world.gone, world.condition('DeletionWaiting')]).toEqual([false, 'True ContainerOutOfSight']);
    expect(world.message('DeletionWaiting')).toMatch(/has no status from the kubelet any more\. .*delete the pod/);
    world.podGoes({ seen: false });
    world.settle();
    expect(world.gone).toBe(true);
  });
});
