import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { Pod, Terminated } from '../../../../src/api/pod.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import { aPod } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

const another = (change?: (pod: Pod) => void): Pod =>
  aPod((pod) => {
    pod.metadata.uid = 'pod-uid-2';
    change?.(pod);
  });

const LOST_WITH = 'and the container with it';
const UNSEEN = 'its container was not seen to run';

/** A session whose container has ended so. */
function ended(end: Partial<Terminated>, spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.running(spec);
  world.pass(10_000);
  world.ends(end);
  world.settle();
  return world;
}

describe('the record of an end', () => {
  it('the run records the signal that ended its container', () => {
    expect(ended({ exitCode: 137, signal: 9 }).run.signal).toBe(9);
    expect(ended({ exitCode: 0 }).run).not.toHaveProperty('signal');
  });

  it('the run records no word where the container left none', () => {
    const { run } = ended({ exitCode: 0 }, { supervisor: 'None' });
    expect(run.state).toBe('Ended');
    expect(run).not.toHaveProperty('said');
  });

  it('the run says of a container out of sight only that its end is not known', () => {
    expect(ended({ exitCode: 137, reason: 'ContainerStatusUnknown' }).run.message).toBe(
      'The kubelet has no status of the container any more, so how it ended is not known',
    );
  });

  it('the message of a failed command names the program of its own attempt, also after the next was asked for', () => {
    const world = World.running({ command: ['first', '--all'] });
    world.edit({ attempt: 2, command: ['second'] });
    world.ends({ exitCode: 127, message: 'CommandNotFound' });
    world.settle();
    const { reason, message } = world.session.status?.runs?.[0] ?? {};
    expect(reason).toBe('CommandNotFound');
    expect(message).toBe('The command was not run: first is no program that the image has in its PATH');
  });
});

describe('the deadline of a run', () => {
  it('the deadline counts from the injection where the clock of the operator was set back', () => {
    const world = new World({ ttl: '10m' });
    world.settle();
    world.pass(6_000);
    world.waits('ContainerCreating');
    world.settle();
    const injectedAt = Date.parse(world.run.injectedAt ?? '');
    world.pass(-60_000);
    world.starts();
    world.settle();
    expect(world.run.expiresAt).toBe(toTimestamp(injectedAt + 600_000));
  });
});

describe('a pod that went before the operator saw the end', () => {
  it.each<[string, (world: World) => void, string]>([
    ['is gone', (world) => world.podGoes({ seen: false }), 'is gone'],
    ['was replaced', (world) => world.podIsReplaced(another()), 'was replaced by another pod of its name'],
  ])('the message of the run says that its pod %s', (_words, change, what) => {
    const starting = new World();
    starting.settle();
    const running = World.running();
    for (const world of [starting, running]) {
      change(world);
      world.settle();
    }
    expect(starting.run.message).toBe(`Pod web-1 ${what}; ${UNSEEN}`);
    expect(running.run.message).toBe(`Pod web-1 ${what}, ${LOST_WITH}`);
  });

  /** The operator has injected the container and has not seen it, and the pod was last seen so before it went. */
  const unseen = (change: (pod: Pod) => void): World => {
    const world = new World();
    while (world.step().effect.kind !== 'inject');
    expect(world.run).not.toHaveProperty('injectedAt');
    world.changePod(change);
    world.podGoes({ seen: true });
    world.settle();
    return world;
  };

  it.each<[string, (pod: Pod) => void, string]>([
    ['with its container', () => undefined, 'Unknown ForceDeleted'],
    [
      'with its container and another',
      ({ spec }) => spec.ephemeralContainers?.push({ name: 'debugger-x' }),
      'Unknown ForceDeleted',
    ],
    ['without any', ({ spec }) => void delete spec.ephemeralContainers, 'True NothingToStop'],
    [
      'with another container alone',
      ({ spec }) => (spec.ephemeralContainers = [{ name: 'debugger-x' }]),
      'True NothingToStop',
    ],
    ['as another pod', ({ metadata }) => (metadata.uid = 'pod-uid-0'), 'Unknown ForceDeleted'],
    [
      'as another pod without a container',
      ({ metadata, spec }) => {
        metadata.uid = 'pod-uid-0';
        delete spec.ephemeralContainers;
      },
      'Unknown ForceDeleted',
    ],
  ])('the stop of a run whose pod was last seen %s is confirmed only without a container', (_words, change, wanted) => {
    const world = unseen(change);
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Failed', wanted]);
    expect(world.run.endedBy).toBe(wanted.startsWith('True') ? undefined : 'PodGone');
  });

  it('an old sight of the pod without the container does not undo a recorded injection', () => {
    const world = new World();
    world.settle();
    world.waits('ContainerCreating');
    world.pass(6_000);
    world.settle();
    expect(world.run.injectedAt).toBeDefined();
    world.pod = undefined;
    world.last = aPod();
    const done = world.effects.length;
    world.settle();
    expect(world.effects.slice(done)).toEqual(['status Failed', 'removeFinalizer']);
    expect(world.run).toMatchObject({ endedBy: 'PodGone', podGoneAt: toTimestamp(world.now) });
  });
});

describe('an end that the operator reads from the last sight of its pod', () => {
  const evicted = (world: World): void => {
    world.changePod(({ status }) => Object.assign(status, { phase: 'Failed', reason: 'Evicted', message: 'disk' }));
    world.ends({ exitCode: 143, message: 'Began' });
    world.last = world.pod;
    world.pod = undefined;
  };

  it.each<[string, Pod | undefined]>([
    ['gone', undefined],
    ['replaced', another()],
    [
      'replaced by a pod with other debug containers',
      another(({ spec }) => (spec.ephemeralContainers = [{ name: 'x' }])),
    ],
  ])('the run quotes its own pod when that pod is %s', (_words, pod) => {
    const world = World.running();
    world.pass(10_000);
    evicted(world);
    world.pod = pod;
    world.settle();
    expect(world.run).toMatchObject({
      endedBy: 'Kubelet',
      message: 'The kubelet ended it together with its pod, exit code 143; the pod says: Evicted: disk',
    });
  });

  it.each<[string, Pod | undefined]>([
    ['is gone', undefined],
    ['was replaced', another()],
    [
      'was replaced by a pod with other debug containers',
      another(({ spec }) => (spec.ephemeralContainers = [{ name: 'x' }])),
    ],
  ])('the run of an injection that the operator never saw ends when its pod %s', (_words, pod) => {
    const world = new World();
    while (world.step().effect.kind !== 'inject');
    evicted(world);
    world.pod = pod;
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', exitCode: 143, endedBy: 'Kubelet' });
    expect(world.run.injectedAt).toBeDefined();
  });
});
