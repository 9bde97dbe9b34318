import { expect } from '@jest/globals';
import { World } from './world.ts';

// Points in the life of a session from which several files of tests go on, and what is told after them.

/** The intent is written, and the container is not injected yet. */
export function intended(): World {
  const world = new World();
  world.step();
  world.step();
  expect(world.phase).toBe('Starting');
  return world;
}

/** The container has ended, and the kubelet runs another in its place. */
export function runsAgain(): World {
  const world = new World();
  world.settle();
  world.containerID = 'containerd://first';
  world.starts();
  world.settle();
  world.ends({ containerID: 'containerd://first' });
  world.settle();
  world.containerID = 'containerd://second';
  world.starts();
  world.settle();
  return world;
}

/** The container ran, and the kubelet has lost sight of it. @param containerID absent: the kubelet never said one */
export function lostSight(containerID?: string): World {
  const world = new World({ ttl: '10m' });
  world.containerID = containerID;
  world.settle();
  world.starts();
  world.settle();
  world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  world.settle();
  expect(world.condition('StopConfirmed')).toBe('Unknown NodeLost');
  return world;
}

/** The reasons of the events of what is done. */
export function toldOf(world: World, act: () => void): string[] {
  const before = world.told.length;
  act();
  world.settle();
  return world.told.slice(before);
}
