import { describe, expect, it } from '@jest/globals';
import type { During, Run } from '../../../../src/api/debugsession.ts';
import type { ContainerStatus, Pod, Terminated } from '../../../../src/api/pod.ts';
import { withDuring } from '../../../../src/session/run/during.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

const DURING = '2026-01-01T12:00:05Z';
const BEFORE = '2026-01-01T11:59:00Z';

const ended = (reason: string, exitCode: number, finishedAt = DURING): Terminated => ({ reason, exitCode, finishedAt });

const again = (name: string, terminated: Terminated): ContainerStatus =>
  aStatus(name, { running: {} }, { restartCount: 1, lastState: { terminated } });

/** A session of which the pod changes so after ten seconds. */
function seeing(change: (pod: Pod) => void): World {
  const world = World.running({ ttl: '5m' });
  world.pass(10_000);
  world.changePod(change);
  world.settle();
  return world;
}

const withApp =
  (status: ContainerStatus) =>
  (pod: Pod): void => {
    pod.status.containerStatuses = [status];
  };

describe('a disturbance of the pod during a session', () => {
  it('the run records a container that is killed for lack of memory, and one event tells it', () => {
    const world = seeing(withApp(again('app', ended('OOMKilled', 137))));
    expect(world.run.during).toEqual([{ what: 'OOMKilled', containerName: 'app', at: DURING, exitCode: 137 }]);
    const told = world.events.filter(({ reason }) => reason === 'PodDisturbed');
    expect(told.map(({ type, note }) => [type, note])).toEqual([
      [
        'Warning',
        `While container ${world.run.debugContainerName} ran, container app of pod web-1 was killed for lack of memory at ${DURING}, exit code 137`,
      ],
    ]);
  });

  it('the run records a container of the pod that is restarted or is about to restart', () => {
    const restarted = [{ what: 'Restarted', containerName: 'app', at: DURING, exitCode: 1 }];
    expect(seeing(withApp(again('app', ended('Error', 1)))).run.during).toEqual(restarted);
    expect(seeing(withApp(aStatus('app', { terminated: ended('Error', 1) }))).run.during).toEqual(restarted);
  });

  it('the run records the eviction of its pod', () => {
    const condition = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: DURING };
    const world = seeing(({ status }) => status.conditions?.push(condition));
    expect(world.run.during).toEqual([{ what: 'Evicted', at: DURING }]);
  });

  it('the run records another debug container that is killed for lack of memory', () => {
    const other = aStatus('debugger-x', { terminated: ended('OOMKilled', 137) });
    const world = seeing(({ status }) => status.ephemeralContainerStatuses?.push(other));
    expect(world.run.during).toMatchObject([{ what: 'OOMKilled', containerName: 'debugger-x' }]);
  });

  it('the run records neither what happened before the session nor a container that is done', () => {
    expect(seeing(withApp(again('app', ended('OOMKilled', 137, BEFORE)))).run).not.toHaveProperty('during');
    const done = seeing(({ spec, status }) => {
      spec.restartPolicy = 'Never';
      status.containerStatuses = [aStatus('app', { terminated: ended('Completed', 0) })];
    });
    expect(done.run).not.toHaveProperty('during');
  });

  it('a container that crashes several times costs one write and one event', () => {
    const world = seeing(withApp(again('app', ended('Error', 1))));
    const writes = world.effects.length;
    world.changePod(withApp(again('app', ended('Error', 2, '2026-01-01T12:00:09Z'))));
    world.settle();
    expect([world.effects.length, world.told.filter((reason) => reason === 'PodDisturbed')]).toEqual([
      writes,
      ['PodDisturbed'],
    ]);
  });

  it('the run records the disturbance that ended its own session', () => {
    const world = World.running({ target: { podName: 'web-1', containerName: 'app' } });
    world.pass(10_000);
    world.changePod(withApp(aStatus('app', { terminated: ended('OOMKilled', 137) })));
    world.ends({ exitCode: 137, reason: 'Error' });
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', during: [{ what: 'OOMKilled', containerName: 'app' }] });
    expect(world.told).toContain('PodDisturbed');
  });
});

describe('the list of disturbances in a run', () => {
  const crashed = (name: string): ContainerStatus => again(name, ended('Error', 1));

  /** What the run records after another change of the pod. */
  const and = (world: World, change: (pod: Pod) => void): unknown[] => {
    world.changePod(change);
    world.settle();
    return (world.run.during ?? []).map(({ what, containerName }: During) => `${what} ${containerName}`);
  };

  it('the run records another kind of disturbance, and the same kind of another container', () => {
    const world = seeing(withApp(crashed('app')));
    expect(and(world, withApp(again('app', ended('OOMKilled', 137))))).toEqual(['Restarted app', 'OOMKilled app']);
    expect(and(world, withApp(crashed('cache')))).toEqual(['Restarted app', 'OOMKilled app', 'Restarted cache']);
  });

  it('the run records no more than twenty disturbances', () => {
    const names = Array.from({ length: 25 }, (_, i) => `app-${i}`);
    const world = seeing(({ status }) => (status.containerStatuses = names.map(crashed)));
    expect(world.run.during?.map(({ containerName }) => containerName)).toEqual(names.slice(0, 20));
  });

  it('the run does not record the end of its own container as a disturbance', () => {
    const world = World.running();
    world.pass(10_000);
    world.ends({ exitCode: 137, reason: 'OOMKilled' });
    world.settle();
    expect(world.run).toMatchObject({ state: 'Ended', endedBy: 'Kubelet' });
    expect(world.run).not.toHaveProperty('during');
  });
});

describe('a container of the pod that ended during a session', () => {
  const failed = aStatus('app', { terminated: ended('Error', 1) });
  const leaving = (pod: Pod): void => void (pod.metadata.deletionTimestamp = '2026-01-01T12:01:00Z');

  it.each<[string, (pod: Pod) => void]>([
    ['a container that ended in a pod that is being deleted', leaving],
    ['a container that ended in a failed pod', ({ status }) => (status.phase = 'Failed')],
  ])('the run does not record %s as restarted', (_words, change) => {
    const world = seeing((pod) => {
      withApp(failed)(pod);
      change(pod);
    });
    expect(world.run).not.toHaveProperty('during');
  });

  it('the run records a container that was restarted before its pod was deleted', () => {
    const world = seeing((pod) => {
      withApp(again('app', ended('Error', 1)))(pod);
      leaving(pod);
    });
    expect(world.run.during).toMatchObject([{ what: 'Restarted', containerName: 'app' }]);
  });

  it('the run does not record another debug container that failed as restarted', () => {
    const other = aStatus('debugger-x', { terminated: ended('Error', 1) });
    const world = seeing(({ status }) => status.ephemeralContainerStatuses?.push(other));
    expect(world.run).not.toHaveProperty('during');
  });

  it('the run records one of several containers that the kubelet will restart', () => {
    const world = seeing(({ spec, status }) => {
      spec.containers.push({ name: 'cache' });
      status.containerStatuses = [aStatus('cache', undefined), failed];
    });
    expect(world.run.during).toMatchObject([{ what: 'Restarted', containerName: 'app' }]);
  });
});

describe('the time of a disturbance', () => {
  const STARTED = '2026-01-01T12:00:00Z';
  const LATER = '2026-01-01T12:00:06Z';
  const RUN: Run = { attempt: 1, state: 'Ended', startedAt: STARTED, finishedAt: DURING };
  const killed = (name: string, finishedAt: string): ContainerStatus =>
    again(name, ended('OOMKilled', 137, finishedAt));
  const evicted = (status: string, lastTransitionTime?: string) => (pod: Pod) =>
    void pod.status.conditions?.push({
      ...{ type: 'DisruptionTarget', status },
      ...(lastTransitionTime !== undefined && { lastTransitionTime }),
    });

  /** What a run from 12:00:00 to 12:00:05 records of a pod that looks so at its end. */
  const recorded = (change: (pod: Pod) => void, run: Partial<Run> = {}): unknown[] =>
    (withDuring({ ...RUN, ...run }, aPod(change)).during ?? []).map(({ what, at }) => `${what} ${at}`);

  it.each<[string, (pod: Pod) => void, string[]]>([
    ['in the second of its start', withApp(killed('app', STARTED)), [`OOMKilled ${STARTED}`]],
    ['in the second of its end', withApp(killed('app', DURING)), [`OOMKilled ${DURING}`]],
    ['after its end', withApp(killed('app', LATER)), []],
    ['at a time that is no time', withApp(killed('app', 'never')), []],
    ['by an eviction before its start', evicted('True', BEFORE), []],
    ['by an eviction that was called off', evicted('False', DURING), []],
    ['by an eviction of which nobody says the time', evicted('True'), []],
  ])('a run records what happens %s as its times allow', (_words, change, wanted) => {
    expect(recorded(change)).toEqual(wanted);
  });

  it('a run records the second end of a container whose first end has no time', () => {
    const lastState = { terminated: { exitCode: 1, reason: 'Error' } };
    const state = { terminated: ended('OOMKilled', 137) };
    expect(recorded(withApp(aStatus('app', state, { lastState })))).toEqual([`OOMKilled ${DURING}`]);
  });

  it('a run that has not started and a run whose pod nobody saw record nothing', () => {
    const starting: Run = { attempt: 1, state: 'Starting' };
    expect(withDuring(starting, aPod(withApp(killed('app', DURING))))).toBe(starting);
    expect(withDuring(RUN, undefined)).toBe(RUN);
  });

  it.each([
    ['the end of its target container that was there before', 'app', STARTED, []],
    ['a later end of its target container', 'app', DURING, [`OOMKilled ${DURING}`]],
    ['the end of another container in that second', 'cache', STARTED, [`OOMKilled ${STARTED}`]],
  ])('a run tells %s by the record of the pod before it', (_words, name, at, wanted) => {
    const before = {
      phase: 'Running',
      ready: true,
      containerName: 'app',
      lastTermination: { exitCode: 1, finishedAt: STARTED },
    };
    expect(recorded(withApp(killed(name, at)), { before })).toEqual(wanted);
  });
});
