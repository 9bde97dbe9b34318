import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { toldOf } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';

// What the operator reads of a container that has ended, and of the one that the kubelet runs in its place.

const FIRST = 'containerd://first';
const SECOND = 'containerd://second';

/** A run whose first container has ended; its supervisor would still accept a start. */
function over(): World {
  const world = new World({ command: ['sleep', '600'] });
  world.settle();
  world.containerID = FIRST;
  world.starts();
  world.settle();
  world.ends();
  world.settle();
  world.pass(10_000);
  return world;
}

/** The same, whose second container runs; one stop of it has failed. */
function runsAgain(): World {
  const world = over();
  world.containerID = SECOND;
  world.starts();
  world.settle();
  world.tried({ kind: 'failed', message: 'HTTP 500' });
  world.settle();
  world.pass(1_000);
  return world;
}

describe('a container that has ended', () => {
  it.each<[string, (world: World) => void]>([
    ['shows it running once more, late', (world) => world.starts()],
    [
      'shows a container without an ID',
      (world) => {
        world.containerID = undefined;
        world.starts();
      },
    ],
    [
      'has lost sight of another',
      (world) => {
        world.containerID = SECOND;
        world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown' });
      },
    ],
    ['shows nothing after the pod went', (world) => world.podGoes({ seen: false })],
    ['showed its end before the pod went', (world) => world.podGoes({ seen: true })],
  ])('the record of a container that has ended stays as it is where the kubelet %s', (_words, act) => {
    const world = over();
    const { run } = world;
    expect(toldOf(world, () => act(world))).toStrictEqual([]);
    expect([world.run, world.condition('StopConfirmed')]).toEqual([run, 'True Terminated']);
    expect(world.actions.underWay).toBeUndefined();
  });
});

describe('a second container that runs', () => {
  it('the operator records when it first saw the second container, and tells of it once', () => {
    const world = runsAgain();
    const { ranAgain } = world.run;
    expect(world.told.filter((reason) => reason === 'RanAgain')).toHaveLength(1);
    expect(toldOf(world, () => world.pass(1_000))).toStrictEqual([]);
    expect([world.run.ranAgain, ranAgain?.containerID]).toEqual([ranAgain, SECOND]);
  });

  it('a late report of the first container changes nothing of the second', () => {
    const world = runsAgain();
    const { run } = world;
    world.containerID = FIRST;
    expect(toldOf(world, () => world.ends())).toStrictEqual([]);
    expect(world.run).toEqual(run);
  });

  it.each([
    ['the time that the kubelet reports', true],
    ['the time at which the operator sees it, where the kubelet reports none', false],
  ])('the end of a second container has %s', (_words, isReported) => {
    const world = runsAgain();
    const [reported, seen] = [world.now, world.now + 5_000].map(toTimestamp);
    world.ends({ exitCode: 143 });
    world.pass(5_000);
    if (!isReported)
      world.changePod(({ status }) => delete status.ephemeralContainerStatuses?.[0]?.state?.terminated?.finishedAt);
    expect(toldOf(world, () => undefined)).toStrictEqual([]);
    expect(world.run.ranAgain?.finishedAt).toBe(isReported ? reported : seen);
  });

  it('the end of a second container is written once', () => {
    const world = runsAgain();
    world.ends({ exitCode: 143 });
    world.settle();
    const { run } = world;
    world.pass(5_000);
    expect(toldOf(world, () => undefined)).toStrictEqual([]);
    expect(world.run).toEqual(run);
  });

  it('the operator stops a second container again when the kubelet takes back the report of its end', () => {
    const world = runsAgain();
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('True Terminated');
    world.pass(5_000);
    expect(toldOf(world, () => world.starts())).toStrictEqual([]);
    expect(world.run.ranAgain).toEqual({ containerID: SECOND, seenAt: toTimestamp(world.now) });
    expect([world.condition('StopConfirmed')?.split(' ')[0], world.actions.underWay]).toEqual(['False', 'Exec']);
  });
});

describe('a second container whose pod goes', () => {
  it('a second container that was seen to end before its pod went has ended', () => {
    const world = runsAgain();
    const finishedAt = toTimestamp(world.now);
    world.ends({ exitCode: 143 });
    world.pass(5_000);
    expect(toldOf(world, () => world.podGoes({ seen: true }))).toStrictEqual([]);
    expect(world.run.ranAgain).toMatchObject({ containerID: SECOND, finishedAt });
    expect(world.run.ranAgain).not.toHaveProperty('lost');
    expect(world.condition('StopConfirmed')).toBe('True Terminated');
  });

  it.each<[string, (world: World) => void]>([
    ['was last seen to run', () => undefined],
    [
      'was last seen under the ID of the first, which had ended',
      (world) => {
        world.containerID = FIRST;
        world.ends({ finishedAt: toTimestamp(world.now - 60_000) });
      },
    ],
  ])('nothing confirms the end of a second container that %s before its pod went', (_words, act) => {
    const world = runsAgain();
    act(world);
    expect(toldOf(world, () => world.podGoes({ seen: true }))).toStrictEqual([]);
    expect(world.run.ranAgain).toMatchObject({ lost: true, finishedAt: toTimestamp(world.now) });
    expect(world.condition('StopConfirmed')).toBe('Unknown ForceDeleted');
  });
});
