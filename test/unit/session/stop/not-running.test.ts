import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { ActionOutcome } from '../../../../src/session/look/actions.ts';
import { World } from '../../../support/world/world.ts';

// The node knows that a container has ended before the kubelet reports it: another operator, or one that was killed,
// has ended it a moment ago.

const NOT_RUNNING: ActionOutcome = { kind: 'notRunning', message: 'container not found' };
const SURVIVED: ActionOutcome = { kind: 'survived', processes: 1 };

/** A cancelled session whose end is about to be asked for. */
function cancelled(spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.running({ command: ['sleep', '1d'], ttl: '10m', ...spec });
  world.edit({ cancel: true });
  world.settle();
  return world;
}

describe('a container that its node does not find running', () => {
  it('the operator waits for the report of the end, and does not say that the container runs', () => {
    const world = cancelled({ ifUnstoppable: 'EvictPod' });
    world.tried(NOT_RUNNING);
    expect([world.settle(), world.actions.underWay]).toEqual([8_000, undefined]);
    expect(world.condition('StopConfirmed')).toBe('False Stopping');
    world.ends({ exitCode: 137, message: 'Stopped' });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Cancelled', 'Exec']);
  });

  it('the status says that the node denies a container whose end is never reported', () => {
    const world = cancelled();
    world.tried(NOT_RUNNING);
    world.pass(8_000);
    world.settle();
    expect(world.actions.underWay).toBe('Exec');
    world.tried(NOT_RUNNING);
    world.pass(8_000);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False ExecFailed');
    expect(world.message('StopConfirmed')).toMatch(/has to end\. Its node says that it does not run.*not found/);
  });

  it.each<[string, [ActionOutcome, ActionOutcome], RegExp]>([
    ['does not run, if it was met and then denied', [SURVIVED, NOT_RUNNING], /says that it does not run/],
    ['still runs, if it was denied and then met', [NOT_RUNNING, SURVIVED], /still runs/],
  ])('the status says that a container %s', (_words, [byExec, byKeys], says) => {
    const world = cancelled({ stdin: true });
    world.tried(byExec);
    world.pass(8_000);
    world.settle();
    expect(world.actions.underWay).toBe('Attach');
    world.tried(byKeys);
    world.pass(4_000);
    world.settle();
    expect(world.message('StopConfirmed')).toMatch(says);
  });

  it('the status does not say that a container runs after an exec that failed and may have ended it', () => {
    const world = cancelled();
    world.tried({ kind: 'failed', message: 'etcdserver: request timed out' });
    world.settle();
    expect(world.message('StopConfirmed')).toMatch(/has to end, and its end is not reported \(exec: etcdserver/);
  });

  it('nothing is said of a ttl that the container could not be told', () => {
    const world = World.running({ command: ['sleep', '1d'], ttl: '10m' });
    const said = world.message('Running');
    world.edit({ ttl: '20m' });
    world.settle();
    world.tried(NOT_RUNNING);
    world.settle();
    expect(world.message('Running')).toBe(said);
  });

  it.each<[string, number, string]>([
    ['has the credit where the container was killed', 137, 'Node'],
    ['has no credit where the command returned 0', 0, 'Command'],
  ])('the node that another operator has asked %s', (_words, exitCode, endedBy) => {
    const world = cancelled();
    world.tried(SURVIVED);
    world.stopsByNode = true;
    world.settle();
    expect(world.actions.underWay).toBe('Node');
    world.tried(NOT_RUNNING);
    world.ends({ exitCode });
    world.settle();
    expect(world.run.endedBy).toBe(endedBy);
  });
});
