import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { World } from '../../../support/world/world.ts';

// Which container a report of the kubelet is about: the one that the run knows, or another that ran in its place.

const FIRST = 'containerd://first';
const SECOND = 'containerd://second';

/** A session whose container the kubelet calls so. */
function running(containerID?: string): World {
  const world = new World({ command: ['sleep', '600'], ttl: '10m' });
  world.containerID = containerID;
  world.settle();
  world.starts();
  world.settle();
  world.pass(10_000);
  return world;
}

/** The same, whose container the kubelet has run again after ten seconds. */
function runningAgain(): World {
  const world = running(FIRST);
  world.containerID = SECOND;
  world.starts();
  world.settle();
  return world;
}

describe('the identity of the container of a run', () => {
  it('the run records the image and the container that the kubelet reports at the start', () => {
    expect(running(FIRST).run).toMatchObject({ imageID: 'sha256:abc', containerID: FIRST });
  });

  it('the run has no identity of a container for which the kubelet reports none', () => {
    const world = new World();
    world.settle();
    const running = { running: { startedAt: toTimestamp(world.now) } };
    const name = world.run.debugContainerName ?? '';
    world.changePod(({ status }) => (status.ephemeralContainerStatuses = [{ name, state: running }]));
    world.settle();
    expect(world.phase).toBe('Running');
    expect(world.run).not.toHaveProperty('imageID');
    expect(world.run).not.toHaveProperty('containerID');
  });

  it('the run records the image and the container that the kubelet first reports with the end', () => {
    const world = new World();
    world.settle();
    world.containerID = FIRST;
    world.ends();
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', imageID: 'sha256:abc', containerID: FIRST });
    expect(world.run).not.toHaveProperty('ranAgain');
  });

  it('the run records the ID that the kubelet first reports with the end of a container that ran without one', () => {
    const world = running();
    world.containerID = FIRST;
    world.ends();
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', containerID: FIRST });
    expect(world.run).not.toHaveProperty('ranAgain');
  });

  it('the run keeps the image and the ID that the kubelet leaves out of the report of the end', () => {
    const world = running(FIRST);
    const name = world.run.debugContainerName ?? '';
    const state = { terminated: { exitCode: 0, finishedAt: toTimestamp(world.now) } };
    world.changePod(({ status }) => (status.ephemeralContainerStatuses = [{ name, state }]));
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', imageID: 'sha256:abc', containerID: FIRST });
    expect(world.run).not.toHaveProperty('ranAgain');
  });

  it('an end without any ID leaves the run without an ID', () => {
    const world = running();
    const name = world.run.debugContainerName ?? '';
    world.changePod(({ status }) => {
      status.ephemeralContainerStatuses = [{ name, state: { terminated: { exitCode: 0 } } }];
    });
    world.settle();
    expect(world.run.state).toBe('Ended');
    expect(world.run).not.toHaveProperty('containerID');
    expect(world.run).not.toHaveProperty('ranAgain');
  });

  it.each([
    ['first has an ID after it ran without one', undefined, FIRST],
    ['has lost its ID', FIRST, undefined],
  ])('a running container that %s in the reports is no second container', (_words, before, after) => {
    const world = running(before);
    world.containerID = after;
    world.starts();
    world.settle();
    expect(world.run).not.toHaveProperty('ranAgain');
    expect(world.told).not.toContain('RanAgain');
  });
});

describe('the record of a second container', () => {
  it('the run keeps the time at which the operator first saw the second container', () => {
    const world = runningAgain();
    const seenAt = toTimestamp(world.now);
    const writes = world.effects.length;
    world.pass(20_000);
    world.settle();
    expect([world.effects.length, world.run.ranAgain]).toEqual([writes, { containerID: SECOND, seenAt }]);
    world.ends({ containerID: SECOND });
    world.settle();
    expect(world.run.ranAgain).toEqual({ containerID: SECOND, seenAt, finishedAt: toTimestamp(world.now) });
  });

  it('the run records a second container that the operator sees only when it has ended', () => {
    const world = running(FIRST);
    world.containerID = SECOND;
    const finishedAt = toTimestamp(world.now - 3_000);
    world.ends({ containerID: SECOND, finishedAt });
    world.settle();
    expect(world.run).toMatchObject({ containerID: FIRST, state: 'Ended' });
    expect(world.run.ranAgain).toEqual({ containerID: SECOND, seenAt: toTimestamp(world.now), finishedAt });
  });

  it('the operator writes the end of a second container once, with all that it knows of it', () => {
    const world = running(FIRST);
    world.pass(300_000);
    expect(Date.parse(world.run.startBy ?? '')).toBeLessThan(world.now);
    const done = world.effects.length;
    const now = toTimestamp(world.now);
    world.containerID = SECOND;
    world.ends({ containerID: SECOND, finishedAt: now });
    world.settle();
    expect(world.effects.slice(done)).toEqual(['status Completed', 'removeFinalizer']);
    expect(world.run.ranAgain).toEqual({ containerID: SECOND, seenAt: now, finishedAt: now });
  });

  it('the second container has ended by now where the kubelet does not say when', () => {
    const world = runningAgain();
    world.pass(7_000);
    world.kubelet({ terminated: { exitCode: 0, containerID: SECOND } });
    world.settle();
    expect(world.run.ranAgain?.finishedAt).toBe(toTimestamp(world.now));
  });

  it('the second container has not ended where the kubelet loses sight of it', () => {
    const world = runningAgain();
    world.ends({ exitCode: 137, reason: 'ContainerStatusUnknown', containerID: SECOND });
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', reason: 'ContainerStatusUnknown' });
    expect(world.run.ranAgain).not.toHaveProperty('finishedAt');
    expect(world.condition('StopConfirmed')).toBe('False RanAgain');
  });
});

describe('a pod that goes without a report of the end', () => {
  it('a run whose container did not run again has no second container when its pod goes', () => {
    const world = running(FIRST);
    world.podGoes({ seen: false });
    world.settle();
    expect(world.run.endedBy).toBe('PodGone');
    expect(world.run).not.toHaveProperty('ranAgain');
  });

  it('a second container has ended when its pod goes, and the run says that it was lost', () => {
    const world = runningAgain();
    const { ranAgain } = world.run;
    world.pass(5_000);
    world.podGoes({ seen: false });
    world.settle();
    expect(world.run.ranAgain).toEqual({ ...ranAgain, lost: true, finishedAt: toTimestamp(world.now) });
  });

  it('a second container that has ended is not lost when its pod goes later', () => {
    const world = runningAgain();
    world.ends({ containerID: SECOND });
    world.settle();
    const { ranAgain } = world.run;
    world.pass(5_000);
    world.podGoes({ seen: false });
    world.settle();
    expect([world.run.ranAgain, world.condition('StopConfirmed')]).toEqual([ranAgain, 'True Terminated']);
  });
});
