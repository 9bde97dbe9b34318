import { expect, it } from '@jest/globals';
import { graceSecondsOf } from '../../../../src/session/stop/grace.ts';
import { World } from '../../../support/world/world.ts';

// A container gets TERM once more from the runtime of its node, unless it has had its signals from inside.

/** A run that is past its deadline, and that the operator is about to end. */
function overdue(containerID: string): World {
  const world = new World({ command: ['sleep', '1d'], ttl: '10m' });
  world.settle();
  world.containerID = 'containerd://first';
  world.starts();
  world.settle();
  world.containerID = containerID;
  world.starts();
  world.settle();
  world.pass(606_000);
  world.settle();
  expect(world.run.stop?.cause).toBe('Deadline');
  return world;
}

it.each<[string, string, '0' | '1']>([
  ['no time to the container whose supervisor keeps the deadline', 'containerd://first', '0'],
  ['a second to a container that runs again, whose supervisor counts anew', 'containerd://second', '1'],
])('the runtime of the node gives %s', (_words, containerID, grace) => {
  expect(graceSecondsOf(overdue(containerID).run, undefined)).toBe(grace);
});
