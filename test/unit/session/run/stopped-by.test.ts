import { describe, expect, it } from '@jest/globals';
import type { Run, StopRoute } from '../../../../src/api/debugsession.ts';
import type { Terminated } from '../../../../src/api/pod.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import type { Actions } from '../../../../src/session/look/actions.ts';
import { stoppedBy } from '../../../../src/session/run/ending.ts';
import { aPod, NOON } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

const KILLED: Terminated = { exitCode: 137, message: 'Began' };
const STOPPED: Terminated = { exitCode: 143, message: 'Stopped' };
const LEAVING = aPod(({ metadata }) => (metadata.deletionTimestamp = toTimestamp(NOON)));

/** A run that the operator has tried to stop so. */
function tried(...routes: StopRoute[]): Run {
  return { attempt: 1, state: 'Running', stop: { cause: 'Cancelled', requestedAt: toTimestamp(NOON), routes } };
}

describe('the node among the ways of an operator that has restarted', () => {
  it.each<[string, StopRoute[], Actions | undefined, StopRoute | undefined]>([
    ['the node was asked last', ['Exec', 'Attach', 'Node'], undefined, 'Node'],
    ['the node alone was asked', ['Node'], undefined, 'Node'],
    ['the keys came after the node', ['Node', 'Attach'], undefined, 'Attach'],
    ['the operator is at the keys again', ['Attach', 'Node'], { tried: {}, underWay: 'Attach' }, 'Attach'],
  ])('a killed container was ended by the last way that is known: %s', (_words, routes, actions, route) => {
    expect(stoppedBy(tried(...routes), KILLED, aPod(), actions)).toBe(route);
  });
});

describe('an eviction among the ways', () => {
  it.each<[string, Run, typeof LEAVING | undefined, StopRoute | undefined]>([
    ['the pod is being deleted', tried('Exec', 'Eviction'), LEAVING, 'Eviction'],
    ['the pod stands', tried('Exec', 'Eviction'), aPod(), undefined],
    ['nobody saw the pod', tried('Exec', 'Eviction'), undefined, undefined],
    ['the operator did not evict the pod', tried('Exec'), LEAVING, undefined],
    ['the operator tried nothing', { attempt: 1, state: 'Running' }, LEAVING, undefined],
  ])('an eviction has ended a container only with its pod: %s', (_words, run, pod, route) => {
    expect(stoppedBy(run, { exitCode: 0, message: 'Exited' }, pod)).toBe(route);
  });

  it('the run says that its container ended with the pod that the operator evicted', () => {
    const world = World.running({ ifUnstoppable: 'EvictPod', command: ['sleep', '1d'], ttl: '10m' });
    world.edit({ cancel: true });
    world.settle();
    world.tried({ kind: 'impossible', message: 'no shell' });
    world.settle();
    expect(world.actions.underWay).toBe('Eviction');
    world.tried({ kind: 'asked' });
    world.settle();
    world.changePod((pod) => (pod.metadata.deletionTimestamp = toTimestamp(world.now + 30_000)));
    world.ends({ exitCode: 0 });
    world.settle();
    expect(world.run).toMatchObject({
      reason: 'Cancelled',
      endedBy: 'Eviction',
      message: 'It ended with its pod, which the operator evicted, because the session was cancelled',
    });
  });
});

it.each<[string, Actions['underWay'], StopRoute | undefined]>([
  ['is under way once more', 'Exec', 'Exec'],
  ['is not under way', undefined, undefined],
])('the word Stopped names a stop script that was forbidden before only where it %s', (_words, underWay, route) => {
  const times = { times: 1, at: NOON, outcome: { kind: 'forbidden' as const, message: 'no' } };
  const actions: Actions = { tried: { Exec: times }, ...(underWay && { underWay }) };
  expect(stoppedBy(tried('Exec'), STOPPED, aPod(), actions)).toBe(route);
});
