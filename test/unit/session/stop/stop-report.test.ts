import { describe, expect, it } from '@jest/globals';
import type { StopBy } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec, StopRoute } from '../../../../src/api/debugsession.ts';
import type { ActionOutcome, Actions } from '../../../../src/session/look/actions.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// What the status says of a container that every way has failed to end.

const ASKED: ActionOutcome = { kind: 'asked' };
const SURVIVED: ActionOutcome = { kind: 'survived', processes: 3 };
const FORBIDDEN: ActionOutcome = { kind: 'forbidden', message: 'it needs create on pods/exec' };
const NO_SHELL: ActionOutcome = { kind: 'impossible', message: 'its image has no shell' };
const FAILED: ActionOutcome = { kind: 'failed', message: 'HTTP 500' };
const DENIED: ActionOutcome = { kind: 'notRunning', message: 'container not found' };
const UNREACHABLE: ActionOutcome = { kind: 'unreachable', message: 'error dialing backend' };
const BLOCKED: ActionOutcome = { kind: 'blocked', message: 'disruption budget' };

const ALL_WAYS = { stdin: true, ifUnstoppable: 'EvictPod' } as const;
const OF_STDIN = { stdin: true } as const;

/** A cancelled session. */
function cancelled(spec: Partial<DebugSessionSpec> = {}, stopBy: StopBy = 'InsideFirst'): World {
  const world = World.running({ command: ['sleep', '1d'], ttl: '10m', ...spec });
  world.rules = { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, stopBy } } };
  world.edit({ cancel: true });
  return world;
}

/** Every way has been tried twice; how the last try went, and how long ago it was, in ms. */
type Ways = Partial<Record<StopRoute, [ActionOutcome, number]>>;

function triedTwice(world: World, ways: Ways): void {
  const tried: Actions['tried'] = {};
  for (const [route, [outcome, ago]] of Object.entries(ways))
    tried[route as StopRoute] = { outcome, at: world.now - ago, times: 2 };
  world.actions = { tried };
  world.settle();
}

describe('the report of a container that does not end', () => {
  it.each<[string, Partial<DebugSessionSpec>, Ways, [reason: string, message: string]]>([
    [
      'still runs, where exec was carried out',
      {},
      { Exec: [ASKED, 9_000] },
      ['ProcessSurvived', ' and still runs (exec: done, and no end was reported); end its command, or delete the pod'],
    ],
    [
      'still runs, where its processes survived',
      OF_STDIN,
      { Exec: [SURVIVED, 9_000], Attach: [FAILED, 9_000] },
      [
        'ProcessSurvived',
        ' and still runs (exec: 3 of its processes survived every signal that can be sent from inside; attach: HTTP 500); end its command, or delete the pod',
      ],
    ],
    [
      'still runs, where exec may have been carried out and keys were typed',
      OF_STDIN,
      { Exec: [FAILED, 9_000], Attach: [ASKED, 8_500] },
      [
        'ProcessSurvived',
        ' and still runs (exec: HTTP 500; attach: done, and no end was reported); end its command, or delete the pod',
      ],
    ],
    [
      'still runs, where no way could be taken',
      OF_STDIN,
      { Exec: [FORBIDDEN, 9_000], Attach: [NO_SHELL, 9_000] },
      [
        'NoRoute',
        ' and still runs (exec: it needs create on pods/exec; attach: its image has no shell); end its command, or delete the pod',
      ],
    ],
    [
      'may have ended, where one way may have been carried out',
      OF_STDIN,
      { Exec: [FAILED, 9_000], Attach: [FORBIDDEN, 9_000] },
      [
        'ExecFailed',
        ', and its end is not reported (exec: HTTP 500; attach: it needs create on pods/exec); end its command, or delete the pod',
      ],
    ],
    [
      'may have ended, where its node does not answer',
      OF_STDIN,
      { Exec: [SURVIVED, 9_000], Attach: [UNREACHABLE, 8_500] },
      [
        'NodeUnreachable',
        ', and its node does not say whether it has ended (exec: 3 of its processes survived every signal that can be sent from inside; attach: error dialing backend); look at the node',
      ],
    ],
    [
      'may have ended, where its pod was evicted and stands yet',
      { ifUnstoppable: 'EvictPod' },
      { Exec: [FAILED, 9_000], Eviction: [ASKED, 60_000] },
      [
        'ProcessSurvived',
        ', and its end is not reported (exec: HTTP 500; eviction: accepted, and the pod is still there); end its command, or delete the pod',
      ],
    ],
    [
      'still runs, where it was met after its node had denied it',
      OF_STDIN,
      { Exec: [SURVIVED, 5_000], Attach: [DENIED, 9_000] },
      [
        'ProcessSurvived',
        ' and still runs (exec: 3 of its processes survived every signal that can be sent from inside; attach: container not found); end its command, or delete the pod',
      ],
    ],
    [
      'cannot be evicted, where a disruption budget stands against it',
      ALL_WAYS,
      { Exec: [SURVIVED, 9_000], Attach: [UNREACHABLE, 9_000], Eviction: [BLOCKED, 8_500] },
      [
        'EvictionBlocked',
        ' and still runs (exec: 3 of its processes survived every signal that can be sent from inside; attach: error dialing backend; eviction: disruption budget); end its command, or delete the pod',
      ],
    ],
  ])('the status says that a container %s', (_words, spec, ways, [reason, message]) => {
    const world = cancelled(spec);
    triedTwice(world, ways);
    expect(world.condition('StopConfirmed')).toBe(`False ${reason}`);
    const what = `Container ${world.run.debugContainerName} of pod web-1 has to end`;
    expect(world.message('StopConfirmed')).toBe(`${what}${message}`);
  });

  it.each<[string, ActionOutcome, string]>([
    ['has asked it', ASKED, 'ProcessSurvived'],
    ['could not', FAILED, 'NodeStopFailed'],
  ])('the status names the runtime of the node only where its stop pod did not work: it %s', (_words, node, reason) => {
    const world = cancelled();
    world.stopsByNode = true;
    triedTwice(world, { Exec: [NO_SHELL, 9_000], Node: [node, 9_000] });
    expect(world.condition('StopConfirmed')).toBe(`False ${reason}`);
  });
});

describe('the rounds of all ways', () => {
  it.each<[string, ActionOutcome, ActionOutcome, number]>([
    ['five minutes where only a person can give exec and attach', FORBIDDEN, FORBIDDEN, 300_000],
    ['five minutes where neither exec nor attach can ever work', NO_SHELL, NO_SHELL, 300_000],
    ['a minute where attach may work the next time', FORBIDDEN, FAILED, 60_000],
    ['a minute where exec may work the next time', FAILED, NO_SHELL, 60_000],
  ])('the pause between two rounds grows to %s', (_words, exec, attach, longest) => {
    const world = cancelled(OF_STDIN);
    const pauses: (number | undefined)[] = [];
    for (let round = 0; round < 8; round += 1) {
      world.settle();
      world.tried(exec);
      world.settle();
      world.tried(attach);
      const pause = world.settle();
      pauses.push(pause);
      world.pass(pause ?? 0);
    }
    const doubled = [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000];
    expect(pauses).toEqual(doubled.map((pause) => Math.min(pause, longest)));
  });

  it.each<[StopBy, StopRoute, boolean]>([
    ['InsideFirst', 'Exec', true],
    ['InsideOnly', 'Exec', false],
    ['NodeFirst', 'Node', false],
  ])('the first way of the next round under %s is %s, with the node behind it: %s', (stopBy, route, isBeforeNode) => {
    const world = cancelled({}, stopBy);
    world.stopsByNode = true;
    triedTwice(world, { Exec: [FAILED, 9_000], Node: [FAILED, 9_000] });
    const begun: [string, boolean][] = [];
    world.onStep = ({ effect }) => {
      if (effect.kind === 'stop') begun.push([effect.route, effect.beforeNode === true]);
    };
    expect(world.settle()).toBe(1_000);
    world.pass(1_000);
    world.settle();
    expect(begun).toEqual([[route, isBeforeNode]]);
  });
});

describe('a run whose record does not say with what it was started', () => {
  it('the operator ends the container of an old record by exec, once a supervisor should have', () => {
    const world = World.running({ command: ['sleep', '1d'], ttl: '10m' });
    delete world.run.effective;
    expect(world.settle()).toBe(606_000);
    world.pass(606_000);
    world.settle();
    expect([world.run.stop, world.actions.underWay]).toMatchObject([{ cause: 'Deadline', routes: ['Exec'] }, 'Exec']);
  });
});
