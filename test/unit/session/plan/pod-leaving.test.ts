import { describe, expect, it } from '@jest/globals';
import { NOON } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

/**
 * A session in a pod that is being deleted since noon, with a grace period of an hour; its container is reported
 * running.
 */
function draining(): World {
  const world = World.running({ ttl: '2h' });
  world.changePod((pod) => {
    pod.metadata.deletionTimestamp = '2026-01-01T13:00:00Z';
    pod.metadata.deletionGracePeriodSeconds = 3600;
  });
  world.settle();
  return world;
}

describe('a session whose pod is being deleted', () => {
  it('a session whose pod is being deleted says so and since when', () => {
    const world = draining();
    expect([world.phase, world.session.status?.reason, world.condition('Running')]).toEqual([
      'Running',
      'PodTerminating',
      'True PodTerminating',
    ]);
    expect(world.message('Running')).toBe(
      `Pod web-1 has been terminating since 2026-01-01T12:00:00Z. The kubelet ends container ${world.run.debugContainerName}, or has ended it. The grace period of the pod ends at 2026-01-01T13:00:00Z`,
    );
  });

  it('a session whose pod is being deleted has no attach command, also while the operator stops it', () => {
    const world = draining();
    expect(world.session.status?.attachCommand).toBeUndefined();
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.session.status?.attachCommand]).toEqual(['Ending', undefined]);
  });

  it('a session whose pod is being deleted costs no write as long as the pod stays so', () => {
    const world = draining();
    const writes = world.effects.length;
    world.pass(60_000);
    world.settle();
    expect([world.effects.length, world.now - NOON]).toEqual([writes, 60_000]);
  });
});

it('a session waits for the pod that follows one which has finished and is being deleted', () => {
  const world = new World();
  const next = world.pod && structuredClone({ ...world.pod, metadata: { ...world.pod.metadata, uid: 'another' } });
  world.changePod((pod) => {
    pod.status.phase = 'Failed';
    pod.metadata.deletionTimestamp = '2026-01-01T12:00:00Z';
  });
  world.settle();
  expect([world.phase, world.session.status?.reason]).toEqual(['Pending', 'PodTerminating']);
  world.podGoes({ seen: true });
  world.pod = next;
  world.settle();
  expect([world.phase, world.run.podUID]).toEqual(['Starting', 'another']);
});
