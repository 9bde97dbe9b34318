import { describe, expect, it } from '@jest/globals';
import type { StopBy } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { ActionOutcome } from '../../../../src/session/look/actions.ts';
import type { PolicyView } from '../../../../src/session/look/rules.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

const ASKED: ActionOutcome = { kind: 'asked' };
const SURVIVED: ActionOutcome = { kind: 'survived', processes: 1 };
const NO_SHELL: ActionOutcome = { kind: 'impossible', message: 'its image has no shell (sh, busybox, bash)' };
const NO_SOCKET: ActionOutcome = {
  kind: 'failed',
  message: 'its stop pod has not started on node n1: ContainerCreating',
};

/** A session that was cancelled, in a cluster that allows it. */
function cancelled(spec: Partial<DebugSessionSpec> = {}, policy?: PolicyView): World {
  const world = World.running({ command: ['sleep', '1d'], ttl: '10m', ...spec });
  world.stopsByNode = true;
  if (policy !== undefined) world.rules = { ...OPEN_RULES, policy };
  world.edit({ cancel: true });
  return world;
}

const withStopBy = (stopBy: StopBy): PolicyView => ({ kind: 'found', spec: { ...OPEN_POLICY, stopBy } });

/** Steps until an action is under way, or nothing is left to do. */
function begun(world: World): string | undefined {
  world.settle();
  return world.actions.underWay;
}

/** The routes that are tried one after the other when none of them helps. */
function order(world: World, outcome = SURVIVED): string[] {
  const routes: string[] = [];
  for (let route = begun(world); route !== undefined; route = begun(world)) {
    routes.push(route);
    world.tried(outcome);
  }
  return routes;
}

describe('the runtime of the node', () => {
  it('the operator asks the node after exec and keys, and before it evicts the pod', () => {
    const world = cancelled({ stdin: true, ifUnstoppable: 'EvictPod' });
    expect(order(world)).toEqual(['Exec', 'Attach', 'Node', 'Eviction']);
    expect(world.run.stop?.routes).toEqual(['Exec', 'Attach', 'Node', 'Eviction']);
  });

  it('the operator does not ask the node where the cluster does not allow it', () => {
    const world = cancelled({ ifUnstoppable: 'EvictPod' });
    world.stopsByNode = false;
    expect(order(world)).toEqual(['Exec', 'Eviction']);
  });

  it.each<[string, PolicyView, string[]]>([
    ['forbids it', withStopBy('InsideOnly'), ['Exec', 'Eviction']],
    ['says nothing', { kind: 'found', spec: OPEN_POLICY }, ['Exec', 'Node', 'Eviction']],
    ['wants it last', withStopBy('InsideFirst'), ['Exec', 'Node', 'Eviction']],
    ['wants it first', withStopBy('NodeFirst'), ['Node', 'Exec', 'Eviction']],
    ['was deleted', { kind: 'absent' }, ['Exec', 'Node']],
    ['could not be read', { kind: 'unread', message: 'not yet' }, ['Exec']],
  ])('the operator asks the node in the order of its policy, where the policy %s', (_words, policy, routes) => {
    expect(order(cancelled({ ifUnstoppable: 'EvictPod' }, policy))).toEqual(routes);
  });

  it('the operator writes the status before it asks the node', () => {
    const world = cancelled();
    expect(begun(world)).toBe('Exec');
    world.tried(NO_SHELL);
    world.settle();
    expect(world.effects.slice(-2)).toEqual(['status Ending', 'stop Node']);
  });

  it('the operator asks the node at once where no route inside works, and 2 s after a stop script that did not help', () => {
    const shellless = cancelled();
    begun(shellless);
    shellless.tried(NO_SHELL);
    expect(begun(shellless)).toBe('Node');
    const asked = cancelled();
    begun(asked);
    asked.tried(ASKED);
    expect([asked.settle(), asked.actions.underWay]).toEqual([2_000, undefined]);
    asked.pass(2_000);
    expect(begun(asked)).toBe('Node');
  });

  it('the operator marks each route that has the node behind it, where the policy allows the node', () => {
    const begins = (world: World): [string, boolean][] => {
      const seen: [string, boolean][] = [];
      world.onStep = ({ effect }) => {
        if (effect.kind === 'stop') seen.push([effect.route, effect.beforeNode === true]);
      };
      order(world);
      return seen;
    };
    expect(begins(cancelled({ stdin: true }))).toEqual([
      ['Exec', true],
      ['Attach', true],
      ['Node', false],
    ]);
    expect(begins(cancelled({}, withStopBy('InsideOnly')))).toEqual([['Exec', false]]);
    expect(begins(cancelled({}, withStopBy('NodeFirst')))).toEqual([
      ['Node', false],
      ['Exec', false],
    ]);
  });

  it.each<[string, PolicyView, number]>([
    ['from the node 2.5 s after the deadline, where the policy says NodeFirst', withStopBy('NodeFirst'), 2_500],
    ['from inside 6 s after the deadline, where the policy says InsideFirst', withStopBy('InsideFirst'), 6_000],
  ])('the operator stops an overdue container %s', (_words, policy, margin) => {
    const world = World.running({ command: ['sleep', '1d'], ttl: '10m' });
    world.stopsByNode = true;
    world.rules = { ...OPEN_RULES, policy };
    expect(world.settle()).toBe(600_000 + margin);
    world.pass(600_000 + margin - 1);
    expect([world.settle(), world.actions.underWay]).toEqual([1, undefined]);
    world.pass(1);
    expect([begun(world), world.run.stop]).toMatchObject([
      margin === 2_500 ? 'Node' : 'Exec',
      { cause: 'Deadline', routes: [margin === 2_500 ? 'Node' : 'Exec'] },
    ]);
  });

  it('the operator asks the node to end the container, and only the kubelet confirms the end', () => {
    const world = cancelled();
    begun(world);
    world.tried(SURVIVED);
    begun(world);
    world.tried(ASKED);
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Ending', 'False Stopping']);
    world.ends({ exitCode: 137 });
    world.settle();
    expect([world.phase, world.run.endedBy, world.condition('StopConfirmed')]).toEqual([
      'Cancelled',
      'Node',
      'True Terminated',
    ]);
    expect(world.run.message).toMatch(/container runtime of its node .*because the session was cancelled/);
  });

  it('the operator reports why the node did not help, and asks the node again at growing intervals', () => {
    const world = cancelled();
    begun(world);
    world.tried(SURVIVED);
    begun(world);
    world.tried(NO_SOCKET);
    expect(world.settle()).toBe(5_000);
    expect(world.condition('StopConfirmed')).toBe('False NodeStopFailed');
    expect(world.message('StopConfirmed')).toMatch(/stop pod: its stop pod has not started on node n1/);
    const pauses: (number | undefined)[] = [];
    for (let round = 0; round < 5; round += 1) {
      world.pass(60_000);
      expect(order(world, NO_SOCKET)).toEqual(['Exec', 'Node']);
      pauses.push(world.settle());
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(world.told.filter((reason) => reason === 'StopUnconfirmed')).toHaveLength(1);
  });

  it('the operator asks the node to end a late start although its run has failed', () => {
    const world = World.neverStarted({ supervisor: 'None', command: ['sleep', '1d'] });
    world.stopsByNode = true;
    world.starts();
    expect(begun(world)).toBe('Exec');
    world.tried(NO_SHELL);
    expect(begun(world)).toBe('Node');
    world.tried(ASKED);
    world.ends({ exitCode: 137 });
    world.settle();
    expect([world.run.endedBy, world.condition('StopConfirmed')]).toEqual(['Node', 'True Terminated']);
  });
});

describe('endedBy of a run that the node was asked to end', () => {
  /** Exec was survived; then the node is asked, and the container ends so. */
  function ended(node: ActionOutcome | 'underWay' | 'restarted', end: { exitCode: number; message?: string }): string {
    const world = cancelled();
    begun(world);
    world.tried(SURVIVED);
    begun(world);
    if (node === 'restarted') world.actions = { tried: {} };
    else if (node !== 'underWay') world.tried(node);
    world.ends(end);
    world.settle();
    return world.run.endedBy ?? '';
  }

  it.each<[string, Parameters<typeof ended>, string]>([
    [
      'the node, where the runtime says that it ended the container and the supervisor says Stopped',
      [ASKED, { exitCode: 137, message: 'Stopped' }],
      'Node',
    ],
    ['the node, where the command heeds TERM of the runtime and returns 0', [ASKED, { exitCode: 0 }], 'Node'],
    [
      'the node, where the container was killed before the answer of the stop pod came',
      ['underWay', { exitCode: 137 }],
      'Node',
    ],
    ['the node, where the operator restarted and the container was killed', ['restarted', { exitCode: 137 }], 'Node'],
    [
      'the node, where the command heeds TERM before the answer of the stop pod came',
      ['underWay', { exitCode: 0 }],
      'Node',
    ],
    ['the command, where the operator restarted and the command returned 0', ['restarted', { exitCode: 0 }], 'Command'],
    ['the command, where the stop pod has not started', [NO_SOCKET, { exitCode: 3 }], 'Command'],
  ])('endedBy names %s', (_words, about, endedBy) => {
    expect(ended(...about)).toBe(endedBy);
  });
});
