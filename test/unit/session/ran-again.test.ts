import { expect, it } from '@jest/globals';
import { interestOf } from '../../../src/session/plan.ts';
import { World } from '../../support/world.ts';

// A node that loses the record of a container that has ended runs it again (k/k#124176).

/** A session that ended by itself, long before its supervisor would refuse to start again. */
function over(supervisor: 'Shell' | 'None' = 'Shell'): World {
  const world = new World({ command: ['true'], supervisor });
  world.containerID = 'containerd://1';
  world.settle();
  world.starts();
  world.settle();
  world.ends();
  world.settle();
  return world;
}

it('its pod is looked at until its supervisor would refuse, and no longer', () => {
  const world = over();
  const pause = world.settle() ?? 0;
  expect(pause).toBe(130_000);
  expect(interestOf(world.session, world.now)).toEqual({ kind: 'pod', name: 'web-1' });
  world.pass(pause);
  expect([world.settle(), interestOf(world.session, world.now)]).toEqual([undefined, { kind: 'none' }]);
});

it('another container under its name is recorded, told, and ended; the phase does not move', () => {
  const world = over();
  world.containerID = 'containerd://2';
  world.starts();
  world.settle();
  expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'False RanAgain']);
  expect(world.run).toMatchObject({ state: 'Ended', ranAgain: { containerID: 'containerd://2' } });
  expect([world.told.at(-1), world.efforts.underWay]).toEqual(['RanAgain', 'Exec']);
  world.tried({ kind: 'asked' });
  // Past startBy it is still looked at: it runs.
  world.pass(200_000);
  expect(interestOf(world.session, world.now)).toEqual({ kind: 'pod', name: 'web-1' });
  const { exitCode, finishedAt } = world.run;
  world.ends({ exitCode: 137, message: 'Stopped' });
  world.settle();
  expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'True Terminated']);
  expect(world.run).toMatchObject({ exitCode, finishedAt, endedBy: 'Command' });
  expect(world.run.ranAgain?.finishedAt).toBeDefined();
  expect(world.told.filter((reason) => reason === 'RanAgain')).toHaveLength(1);
});

it('one that ended at once is recorded with its end', () => {
  const world = over();
  world.containerID = 'containerd://2';
  world.ends({ exitCode: 125, message: 'TooLate' });
  world.settle();
  expect([world.phase, world.condition('StopConfirmed'), world.told.at(-1)]).toEqual([
    'Completed',
    'True Terminated',
    'RanAgain',
  ]);
});

it('goes with its pod, and is confirmed where it was seen to end or cannot live any longer', () => {
  const [seen, unseen] = [over(), over()];
  for (const world of [seen, unseen]) {
    world.containerID = 'containerd://2';
    world.starts();
    world.settle();
    world.tried({ kind: 'unreachable', message: 'error dialing backend' });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False NodeUnreachable');
  }
  seen.ends({ exitCode: 137 });
  for (const world of [seen, unseen]) {
    world.podGoes({ seen: true });
    world.settle();
  }
  expect([seen, unseen].map((world) => world.condition('StopConfirmed'))).toEqual([
    'True Terminated',
    'Unknown ForceDeleted',
  ]);
  unseen.pass(Date.parse(unseen.run.lastMoment ?? '') - unseen.now);
  unseen.settle();
  expect([unseen.phase, unseen.condition('StopConfirmed')]).toEqual(['Completed', 'True LastMomentPassed']);
});
