import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import { World } from '../../../support/world/world.ts';

// The node has lost the record of a container, and the kubelet has run it again before it reported the end of the
// first: the API server takes a report in which a running container has another ID.

const FIRST = 'containerd://first';
const SECOND = 'containerd://second';

function running(spec: Partial<DebugSessionSpec> = {}): World {
  const world = new World({ command: ['sleep', '600'], ttl: '10m', ...spec });
  world.settle();
  world.containerID = FIRST;
  world.starts();
  world.settle();
  world.pass(1_000);
  return world;
}

/** The kubelet reports another container under the name, which runs. */
function runsAgain(world: World): void {
  world.containerID = SECOND;
  world.starts();
}

describe('a container that runs again before its end was reported', () => {
  it('the session goes on until the deadline of its first container, and the status and an event tell of the second', () => {
    const world = running();
    const { expiresAt } = world.run;
    runsAgain(world);
    world.settle();
    expect(world.phase).toBe('Running');
    expect(world.run).toMatchObject({ containerID: FIRST, expiresAt, ranAgain: { containerID: SECOND } });
    expect(world.told.filter((line) => line.includes('RanAgain'))).toHaveLength(1);
  });

  it('a report that comes late and shows the first container changes nothing', () => {
    const world = running();
    runsAgain(world);
    world.settle();
    const { status } = world.session;
    world.containerID = FIRST;
    world.starts();
    world.settle();
    expect(world.session.status).toEqual(status);
  });

  it.each([
    ['what was tried', false],
    ['what is under way', true],
  ])('a stop begins anew for the second container, and %s of the first does not count', (_words, isUnderWay) => {
    const world = running({ ifUnstoppable: 'EvictPod' });
    world.edit({ cancel: true });
    world.settle();
    if (!isUnderWay) world.tried({ kind: 'failed', message: 'refused' });
    runsAgain(world);
    world.settle();
    if (isUnderWay) {
      world.tried({ kind: 'failed', message: 'refused' });
      world.settle();
    }
    expect(world.actions.underWay).toBe('Exec');
    expect(world.run.stop?.routes).toEqual(['Exec']);
  });

  it('the second container starts without the words on what could not be confirmed of the first', () => {
    const world = running();
    world.edit({ cancel: true });
    world.settle();
    world.tried({ kind: 'survived', processes: 1 });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False ProcessSurvived');
    runsAgain(world);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False Stopping');
  });

  it('a ttl that the first container knows is told to the second', () => {
    const world = running();
    world.edit({ ttl: '20m' });
    world.settle();
    expect(world.actions.underWay).toBe('Ttl');
    runsAgain(world);
    world.settle();
    world.tried({ kind: 'told' });
    world.settle();
    expect([world.actions.underWay, world.run.effective?.ttl]).toEqual(['Ttl', '10m']);
  });

  it('the node has no credit for the end of the second container if it ended the first', () => {
    const world = running();
    world.stopsByNode = true;
    world.edit({ cancel: true });
    world.settle();
    world.tried({ kind: 'impossible', message: 'no shell' });
    world.settle();
    world.tried({ kind: 'asked' });
    world.containerID = SECOND;
    world.ends({ exitCode: 0, containerID: SECOND });
    world.settle();
    expect(world.run).toMatchObject({ containerID: FIRST, endedBy: 'Command', ranAgain: { containerID: SECOND } });
  });

  it('the end of the second container is the end of the run', () => {
    const world = running();
    runsAgain(world);
    world.settle();
    world.pass(5_000);
    world.ends({ exitCode: 7, containerID: SECOND, finishedAt: toTimestamp(world.now) });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'True Terminated']);
    expect(world.run).toMatchObject({ exitCode: 7, ranAgain: { finishedAt: toTimestamp(world.now) } });
  });

  it('the end of the second container is not known if its pod goes before the kubelet reports it', () => {
    const world = running();
    runsAgain(world);
    world.settle();
    world.podGoes({ seen: false });
    const done = world.effects.length;
    world.settle();
    expect(world.effects.slice(done)).toEqual(['status Completed', 'removeFinalizer']);
    expect(world.condition('StopConfirmed')).toBe('Unknown ForceDeleted');
    expect(world.run).toMatchObject({ endedBy: 'PodGone', ranAgain: { lost: true } });
  });
});
