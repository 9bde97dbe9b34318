import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { lookAgain } from '../../../../src/session/stop/second-look.ts';
import { lostSight, toldOf } from '../../../support/world/lives.ts';
import type { World } from '../../../support/world/world.ts';

// What the operator learns later of a container that the kubelet lost sight of.

const FIRST = 'containerd://first';
const SECOND = 'containerd://second';

/** A run whose container the kubelet lost sight of, a second ago. */
function lost(containerID?: string): World {
  const world = lostSight(containerID);
  world.pass(1_000);
  return world;
}

describe('a container that the kubelet lost sight of and reports later', () => {
  it.each<[string, string | undefined, string | undefined, string]>([
    ['the same ID', FIRST, FIRST, FIRST],
    ['no ID any more', FIRST, undefined, FIRST],
    ['no ID at all', undefined, undefined, ''],
  ])('the run records the end that the kubelet reports with %s', (_words, before, now, recorded) => {
    const world = lost(before);
    world.containerID = now;
    const finishedAt = toTimestamp(world.now - 1_000);
    expect(toldOf(world, () => world.ends({ exitCode: 143, finishedAt }))).toStrictEqual([]);
    expect(world.run).toMatchObject({
      containerID: recorded,
      ranAgain: { containerID: recorded, seenAt: finishedAt, finishedAt },
    });
    expect(world.condition('StopConfirmed')).toBe('True Terminated');
  });

  it('the operator tells of a second container where the kubelet reports an end under another ID', () => {
    const world = lost(FIRST);
    world.containerID = SECOND;
    expect(toldOf(world, () => world.ends({ exitCode: 143 }))).toStrictEqual(['RanAgain']);
    expect(world.run).toMatchObject({ containerID: FIRST, ranAgain: { containerID: SECOND } });
  });

  it('a report of an end that has no time confirms nothing', () => {
    const world = lost(FIRST);
    const { run } = world;
    world.ends({ exitCode: 143 });
    world.changePod(({ status }) => delete status.ephemeralContainerStatuses?.[0]?.state?.terminated?.finishedAt);
    expect(toldOf(world, () => undefined)).toStrictEqual([]);
    expect([world.run, world.condition('StopConfirmed')]).toEqual([run, 'Unknown NodeLost']);
  });
});

describe('the pod of a container that the kubelet lost sight of', () => {
  it.each<[string, (world: World) => void]>([
    ['goes', (world) => world.podGoes({ seen: false })],
    ['succeeds', (world) => world.changePod((pod) => (pod.status.phase = 'Succeeded'))],
    ['fails', (world) => world.changePod((pod) => (pod.status.phase = 'Failed'))],
  ])('the operator lets go of a session whose container went out of sight when the pod %s', (_words, act) => {
    const world = lost(FIRST);
    expect(toldOf(world, () => act(world))).toStrictEqual([]);
    expect(world.run).toMatchObject({ podGoneAt: toTimestamp(world.now) });
    expect([world.condition('StopConfirmed'), world.session.metadata.finalizers]).toEqual(['Unknown ForceDeleted', []]);
  });

  it.each(['Succeeded', 'Failed'] as const)(
    'the run records an end that comes with the phase %s of its pod',
    (phase) => {
      const world = lost(FIRST);
      world.changePod((pod) => (pod.status.phase = phase));
      world.ends({ exitCode: 143 });
      world.settle();
      expect(world.condition('StopConfirmed')).toBe('True Terminated');
    },
  );

  it('a deleted session goes with the pod, also where a second container of its name has ended', () => {
    const world = lost(FIRST);
    world.containerID = SECOND;
    world.starts();
    world.settle();
    world.tried({ kind: 'asked' });
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('Unknown NodeLost');
    world.delete();
    world.settle();
    expect(world.gone).toBe(false);
    world.podGoes({ seen: true });
    world.settle();
    expect([world.run.podGoneAt, world.gone]).toEqual([toTimestamp(world.now), true]);
  });

  it('the operator stops a container that it sees running, although its pod is in phase Failed', () => {
    const world = lost(FIRST);
    world.changePod((pod) => (pod.status.phase = 'Failed'));
    world.starts();
    world.settle();
    expect([world.condition('StopConfirmed'), world.actions.underWay]).toEqual(['False RanAgain', 'Exec']);
  });

  it('the operator learns nothing of a container out of sight from a pod that it could not look at', () => {
    const { session, now, run } = lost(FIRST);
    const sighting = { kind: 'unseen', message: 'HTTP 500' } as const;
    expect(lookAgain({ session, now, sighting }, run)).toEqual({ run, events: [] });
  });
});
