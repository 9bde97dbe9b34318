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
  it('is asked after exec and keys, and before the pod is evicted', () => {
    const world = cancelled({ stdin: true, ifUnstoppable: 'EvictPod' });
    expect(order(world)).toEqual(['Exec', 'Attach', 'Node', 'Eviction']);
    expect(world.run.stop?.routes).toEqual(['Exec', 'Attach', 'Node', 'Eviction']);
  });

  it('is not asked where the cluster does not allow it', () => {
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
  ])('is asked as its policy says: one that %s', (_words, policy, routes) => {
    expect(order(cancelled({ ifUnstoppable: 'EvictPod' }, policy))).toEqual(routes);
  });

  it('is written down before it is asked', () => {
    const world = cancelled();
    expect(begun(world)).toBe('Exec');
    world.tried(NO_SHELL);
    world.settle();
    expect(world.effects.slice(-2)).toEqual(['status Ending', 'stop Node']);
  });

  it('is asked at once where nothing inside can be, and soon where the inside was asked in vain', () => {
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

  it('is waited for by each way before it, where the policy allows it', () => {
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
    ['2.5 s after the deadline of a supervisor, where it is first', withStopBy('NodeFirst'), 2_500],
    ['after what is inside, which is asked 6 s after it', withStopBy('InsideFirst'), 6_000],
  ])('is asked %s', (_words, policy, margin) => {
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

  it('ends the container, and only the kubelet confirms that', () => {
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

  it('is told of with its reason while it does not help, and is asked again, ever more seldom', () => {
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

  it('ends what runs although its run had failed', () => {
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

describe('who ended it', () => {
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
      'the runtime, where it says so, whatever the inside has said',
      [ASKED, { exitCode: 137, message: 'Stopped' }],
      'Node',
    ],
    ['the runtime, where the command heeds TERM and returns what it likes', [ASKED, { exitCode: 0 }], 'Node'],
    ['the runtime, while its answer is not heard yet', ['underWay', { exitCode: 137 }], 'Node'],
    ['the runtime, as far as an operator knows that has come since', ['restarted', { exitCode: 137 }], 'Node'],
    ['the runtime, where a command heeds TERM while its answer is awaited', ['underWay', { exitCode: 0 }], 'Node'],
    ['the command, as far as an operator knows that has come since', ['restarted', { exitCode: 0 }], 'Command'],
    ['the command, where the runtime has done nothing', [NO_SOCKET, { exitCode: 3 }], 'Command'],
  ])('%s', (_words, about, endedBy) => {
    expect(ended(...about)).toBe(endedBy);
  });
});
