import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod, Terminated } from '../../../../src/api/pod.ts';
import { aStatus } from '../../../support/builders/builders.ts';
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
