import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { ActionOutcome } from '../../../../src/session/look/actions.ts';
import type { Rules } from '../../../../src/session/look/rules.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

const ASKED: ActionOutcome = { kind: 'asked' };
const FORBIDDEN: ActionOutcome = { kind: 'forbidden', message: 'the operator may not: it needs create on pods/exec' };
const NO_SHELL: ActionOutcome = { kind: 'impossible', message: 'its image has no shell (sh, busybox, bash)' };

/** A session whose container runs `sleep`, and has no stdin. */
function plain(spec: Partial<DebugSessionSpec> = {}): World {
  return World.running({ command: ['sleep', '1d'], ttl: '10m', ...spec });
}

/** Steps until an action is under way, or nothing is left to do. */
function begun(world: World): string | undefined {
  world.settle();
  return world.actions.underWay;
}

describe('the cause of an end', () => {
  it.each([
    ['a cancel', (world: World) => world.edit({ cancel: true }), 'Cancelled', 'Cancelled'],
    ['a deletion', (world: World) => world.delete(), 'Deleted', 'Cancelled'],
    ['a deadline without a supervisor', (world: World) => world.pass(600_000), 'Deadline', 'Expired'],
  ])(
    '%s makes the operator stop the container by exec, and the kubelet alone confirms the end',
    (_name, act, cause, phase) => {
      const world = plain({ supervisor: 'None' });
      act(world);
      expect(begun(world)).toBe('Exec');
      expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Ending', 'False Stopping']);
      expect(world.run.stop).toMatchObject({ cause, routes: ['Exec'] });
      world.tried(ASKED);
      world.settle();
      expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Ending', 'False Stopping']);
      world.pass(1_000);
      world.ends({ exitCode: 137, message: 'Stopped\n' });
      world.settle();
      expect([world.phase, world.condition('StopConfirmed')]).toEqual([phase, 'True Terminated']);
      expect(world.run).toMatchObject({ endedBy: 'Exec', reason: phase, state: 'Ended' });
      expect(world.told).not.toContain('StopUnconfirmed');
    },
  );

  it('the operator stops an overdue container 6 s after the deadline, which the supervisor should have kept', () => {
    const world = plain();
    world.pass(605_000);
    expect([begun(world), world.phase]).toEqual([undefined, 'Running']);
    world.pass(1_000);
    expect([begun(world), world.run.stop?.cause]).toEqual(['Exec', 'Deadline']);
  });

  it('the operator writes the cause of a stop to the status before it runs the stop script', () => {
    const world = plain();
    world.edit({ cancel: true });
    world.settle();
    expect(world.effects.slice(-2)).toEqual(['status Ending', 'stop Exec']);
  });

  it('the first cause of a stop stays: a session that is cancelled and then deleted was cancelled', () => {
    const world = plain();
    world.edit({ cancel: true });
    world.settle();
    world.delete();
    world.tried(ASKED);
    world.settle();
    expect(world.run.stop?.cause).toBe('Cancelled');
  });

  it.each<[string, (world: World) => void]>([
    ['cancelled', (world) => world.edit({ cancel: true })],
    ['overdue', (world) => world.pass(606_000)],
  ])('a session that is %s and deleted before the operator looks was deleted', (_words, act) => {
    const world = plain();
    act(world);
    world.delete();
    expect([begun(world), world.run.stop?.cause]).toEqual(['Exec', 'Deleted']);
  });

  it('a cancelled session is Completed when its command ends by itself before the stop script answers', () => {
    const world = plain();
    world.edit({ cancel: true });
    world.settle();
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Command']);
  });
});

describe('cancel', () => {
  it('the operator records no run and injects nothing for a session created with cancel', () => {
    const world = new World({ cancel: true });
    world.settle();
    expect(world.effects).toEqual(['status Cancelled']);
    expect([world.condition('Complete'), world.condition('StopConfirmed'), world.condition('Injected')]).toEqual([
      'True Cancelled',
      'True NothingToStop',
      'False Cancelled',
    ]);
    expect(world.told).toEqual(['Cancelled']);
  });

  it('the operator stops a container that it has asked to end, although the user takes the cancel back', () => {
    const world = plain();
    world.edit({ cancel: true });
    begun(world);
    world.edit({ cancel: false });
    world.tried({ kind: 'failed', message: 'HTTP 500' });
    world.settle();
    expect([world.phase, world.run.stop?.cause]).toEqual(['Ending', 'Cancelled']);
    world.pass(5_000);
    expect(begun(world)).toBe('Exec');
  });

  it('a session cancelled while it waits for its pod is over with nothing to stop', () => {
    const world = new World();
    world.podGoes({ seen: false });
    world.settle();
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'True NothingToStop']);
  });

  it('a session cancelled right after its intent is over once the operator would have seen an injection', () => {
    const world = new World();
    while (world.phase !== 'Starting') world.step();
    world.edit({ cancel: true });
    expect([world.settle(), world.phase]).toEqual([35_999, 'Starting']);
    world.inject(world.run.debugContainerName ?? '');
    world.starts();
    expect([begun(world), world.phase]).toEqual(['Exec', 'Ending']);
    const other = new World();
    while (other.phase !== 'Starting') other.step();
    other.edit({ cancel: true });
    other.pass(35_999);
    other.settle();
    expect([other.phase, other.condition('StopConfirmed')]).toEqual(['Cancelled', 'True NothingToStop']);
    expect(other.effects).not.toContain(`inject ${other.run.debugContainerName}`);
  });

  it('a session cancelled while its image is pulled is over at once, and the operator stops a late start', () => {
    const world = new World({ supervisor: 'None' });
    world.settle();
    world.waits('ImagePullBackOff', 'no such image');
    world.settle();
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'Unknown MayStartLate']);
    world.starts();
    expect([begun(world), world.run.state, world.phase]).toEqual(['Exec', 'StartedLate', 'Cancelled']);
    world.tried(ASKED);
    world.ends({ exitCode: 137, message: 'Stopped' });
    world.settle();
    expect([world.condition('StopConfirmed'), world.run.endedBy]).toEqual(['True Terminated', 'Exec']);
  });
});

describe('an attempt after a cancel', () => {
  it('an attempt raised after a cancel waits until the cancelled container can no longer start', () => {
    const world = new World({ startTimeout: '1m' });
    world.settle();
    world.waits('ContainerCreating');
    world.edit({ cancel: true });
    world.settle();
    world.edit({ cancel: false, attempt: 2 });
    expect([world.settle(), world.phase, world.condition('Injected')]).toEqual([
      72_000,
      'Pending',
      'False PreviousRunNotOver',
    ]);
    world.pass(72_000);
    world.settle();
    expect([world.run.attempt, world.phase]).toEqual([2, 'Starting']);
  });
});

describe('the routes of a stop', () => {
  const cancelled = (spec: Partial<DebugSessionSpec> = {}): World => {
    const world = plain({ supervisor: 'None', ...spec });
    world.edit({ cancel: true });
    world.settle();
    return world;
  };

  it('the operator reports a stop without a route once, and tries again at growing intervals up to 5 minutes', () => {
    const world = cancelled();
    world.tried(FORBIDDEN);
    const pauses = [world.settle()];
    expect([world.condition('StopConfirmed'), world.told.at(-1)]).toEqual(['False NoRoute', 'StopUnconfirmed']);
    expect(world.message('StopConfirmed')).toMatch(/has to end and still runs \(exec: the operator may not/);
    const writes = world.effects.length;
    for (let round = 0; round < 12; round += 1) {
      world.pass(pauses.at(-1) ?? 0);
      expect(begun(world)).toBe('Exec');
      world.tried(FORBIDDEN);
      pauses.push(world.settle());
    }
    expect(pauses.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(Math.max(...pauses.map((pause) => pause ?? 0))).toBe(300_000);
    expect(world.effects.slice(writes).filter((effect) => effect.startsWith('status'))).toEqual([]);
    expect(world.told.filter((reason) => reason === 'StopUnconfirmed')).toHaveLength(1);
  });

  it.each<[string, ActionOutcome, string]>([
    ['nothing in it ends', { kind: 'survived', processes: 1 }, 'ProcessSurvived'],
    ['the node does not answer', { kind: 'unreachable', message: 'error dialing backend' }, 'NodeUnreachable'],
    ['the exec fails', { kind: 'failed', message: 'HTTP 500' }, 'ExecFailed'],
    ['there is no shell', NO_SHELL, 'NoRoute'],
  ])(
    'StopConfirmed is False while the container runs, and True once it ends, where %s: %o, %s',
    (_name, outcome, reason) => {
      const world = cancelled();
      world.tried(outcome);
      world.settle();
      expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Ending', `False ${reason}`]);
      world.pass(3_600_000);
      world.ends({ exitCode: 0 });
      world.settle();
      expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Completed', 'True Terminated']);
    },
  );

  it('two operators whose stops fail differently do not overwrite the reason of each other', () => {
    const world = cancelled();
    world.tried(FORBIDDEN);
    world.settle();
    const other = world.actions;
    world.actions = { underWay: 'Exec', tried: {} };
    world.tried({ kind: 'unreachable', message: 'error dialing backend' });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False NodeUnreachable');
    const writes = world.effects.length;
    world.actions = other;
    world.settle();
    expect([world.condition('StopConfirmed'), world.effects.length]).toEqual(['False NodeUnreachable', writes]);
    world.pass(5_000);
    begun(world);
    world.tried(FORBIDDEN);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False NoRoute');
  });

  it('the operator types into a session with stdin after exec has failed', () => {
    const world = cancelled({ stdin: true, tty: true });
    world.tried(NO_SHELL);
    expect(begun(world)).toBe('Attach');
    world.tried(ASKED);
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.stop?.routes]).toEqual([
      'Cancelled',
      'Attach',
      ['Exec', 'Attach'],
    ]);
  });

  it('the operator evicts the pod where the spec asks for it, and warns before of what is lost', () => {
    const world = cancelled({ ifUnstoppable: 'EvictPod' });
    world.tried({ kind: 'survived', processes: 1 });
    expect(begun(world)).toBe('Eviction');
    expect(world.events.at(-1)).toMatchObject({ reason: 'Evicting', type: 'Warning' });
    expect(world.events.at(-1)?.note).toMatch(/no controller.*is lost/);
    world.tried({ kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('False EvictionBlocked');
    world.pass(5_000);
    expect(begun(world)).toBe('Exec');
    world.tried({ kind: 'survived', processes: 1 });
    expect(begun(world)).toBe('Eviction');
    world.tried(ASKED);
    world.podGoes({ seen: false });
    world.settle();
    expect([world.phase, world.run.endedBy]).toEqual(['Completed', 'Eviction']);
    expect(world.condition('StopConfirmed')).toBe('Unknown ForceDeleted');
  });

  const demanding: Rules = {
    ...OPEN_RULES,
    policy: { kind: 'found', spec: { ...OPEN_POLICY, allow: ['SupervisorNone'], onUnstoppable: 'EvictPod' } },
  };
  const lenient: Rules = { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, allow: [] } } };

  it.each<[string, Rules, Rules]>([
    ['demanded it when the run began, and was changed', demanding, lenient],
    ['demanded it when the run began, and was deleted', demanding, { ...OPEN_RULES, policy: { kind: 'absent' } }],
    ['demands it by now', lenient, demanding],
  ])('the operator evicts the pod of a session with ifUnstoppable Report where the policy %s', (_, then, now) => {
    const world = new World({ command: ['sleep', '600'], ifUnstoppable: 'Report' });
    world.rules = then;
    world.settle();
    world.starts();
    world.settle();
    world.rules = now;
    world.edit({ cancel: true });
    expect(begun(world)).toBe('Exec');
    world.tried({ kind: 'survived', processes: 1 });
    expect(begun(world)).toBe('Eviction');
    expect(world.run.stop?.routes).toEqual(['Exec', 'Eviction']);
  });

  it('the operator gives a container 8 s to end after the stop script before it evicts the pod', () => {
    const world = cancelled({ ifUnstoppable: 'EvictPod' });
    world.tried(ASKED);
    expect([world.settle(), world.actions.underWay]).toEqual([8_000, undefined]);
    world.pass(8_000);
    expect(begun(world)).toBe('Eviction');
  });
});

describe('deletion of a session', () => {
  it('a deleted session stays while its container survives the stop, and the operator tries again', () => {
    const world = plain({ supervisor: 'None' });
    world.delete();
    world.settle();
    world.tried({ kind: 'survived', processes: 1 });
    world.settle();
    world.pass(30_000);
    if (world.actions.underWay) world.tried({ kind: 'survived', processes: 1 });
    world.settle();
    expect([world.gone, world.told.at(-1), world.condition('StopConfirmed')]).toEqual([
      false,
      'StopUnconfirmed',
      'False ProcessSurvived',
    ]);
    world.pass(3_600_000);
    world.settle();
    expect(world.actions.underWay).toBe('Exec');
  });

  it('a deleted session in a terminating pod goes with the pod', () => {
    const world = plain();
    world.delete();
    world.changePod((pod) => (pod.metadata.deletionTimestamp = '2026-01-01T12:00:00Z'));
    world.settle();
    world.tried(ASKED);
    world.settle();
    world.pass(10_000);
    world.settle();
    expect(world.gone).toBe(false);
    world.podGoes({ seen: true });
    world.settle();
    expect(world.gone).toBe(true);
  });
});

describe('a ttl that changes while the container runs', () => {
  it('a longer ttl applies once the supervisor is told, and lastMoment is written before that', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '1h' });
    expect(begun(world)).toBe('Ttl');
    expect(world.effects.slice(-2)).toEqual(['status Running', 'ttl 1h']);
    expect(world.run).toMatchObject({ wantedTtl: '1h', effective: { ttl: '10m' }, expiresAt: '2026-01-01T12:10:00Z' });
    expect(world.run.lastMoment).toBe('2026-01-01T13:02:10Z');
    world.tried({ kind: 'told' });
    world.settle();
    expect(world.run).toMatchObject({ effective: { ttl: '1h' }, expiresAt: '2026-01-01T13:00:00Z' });
    expect([world.run.wantedTtl, world.told.at(-1)]).toEqual([undefined, 'TtlChanged']);
    expect(world.settle()).toBe(3_600_000 + 6_000);
  });

  it('a container that cannot be told of another ttl keeps its deadline, and one event says so', () => {
    const world = plain({ ttl: '10m' });
    const { expiresAt } = world.run;
    world.edit({ ttl: '1m' });
    world.settle();
    world.tried(FORBIDDEN);
    world.settle();
    world.settle();
    expect([world.run.expiresAt, world.told.filter((reason) => reason === 'TtlChangeRefused')]).toEqual([
      expiresAt,
      ['TtlChangeRefused'],
    ]);
    expect(world.message('Running')).toMatch(/ttl 1m does not apply to it: the operator may not/);
    expect([world.session.status?.observedGeneration, world.phase]).toEqual([2, 'Running']);
  });

  it('the operator keeps the message of another operator that could not tell the container its ttl', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '1m' });
    world.settle();
    world.tried(FORBIDDEN);
    world.settle();
    world.settle();
    const { status } = world.session;
    const message = `${world.message('Running')}, as the other says`;
    const conditions = status?.conditions?.map((one) => (one.type === 'Running' ? { ...one, message } : one)) ?? [];
    world.session = { ...world.session, status: { ...status, conditions } };
    const writes = world.effects.length;
    world.settle();
    expect([world.message('Running'), world.effects.length]).toEqual([message, writes]);
  });

  it('a changed ttl of a container without a supervisor moves its deadline at once', () => {
    const world = plain({ supervisor: 'None', ttl: '10m' });
    world.edit({ ttl: '1m' });
    expect([world.settle(), world.run.expiresAt]).toEqual([60_000, '2026-01-01T12:01:00Z']);
  });

  it('the operator tells the container the old ttl when the user restores it before the container is told', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '1h' });
    world.settle();
    world.edit({ ttl: '10m' });
    world.tried({ kind: 'told' });
    expect(begun(world)).toBe('Ttl');
    expect(world.effects.at(-1)).toBe('ttl 10m');
    world.tried({ kind: 'told' });
    world.settle();
    expect(world.run).toMatchObject({ effective: { ttl: '10m' }, expiresAt: '2026-01-01T12:10:00Z' });
  });

  it('the supervisor ends a container at once when the new ttl has passed, and the session is Expired', () => {
    const world = plain({ ttl: '10m' });
    world.pass(120_000);
    world.edit({ ttl: '1m' });
    expect(begun(world)).toBe('Ttl');
    world.ends({ exitCode: 129, message: 'Deadline\n' });
    world.settle();
    expect([world.phase, world.run.endedBy, world.run.message]).toEqual([
      'Expired',
      'Supervisor',
      'The supervisor ended it after 1m',
    ]);
  });

  it('two operators that fail differently to tell a ttl do not overwrite the message of each other', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '1m' });
    world.settle();
    world.tried(FORBIDDEN);
    world.settle();
    const other = world.actions;
    const outcome: ActionOutcome = { kind: 'unreachable', message: 'error dialing backend' };
    world.actions = { tried: { Ttl: { outcome, at: world.now, times: 1, ttl: '1m' } } };
    world.settle();
    expect(world.message('Running')).toMatch(/error dialing backend/);
    world.actions = other;
    const writes = world.effects.length;
    world.settle();
    expect([world.effects.length, world.message('Running')]).toEqual([writes, expect.stringMatching(/dialing/)]);
  });

  it('the operator tells a ttl again after 5 s when the node did not answer', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '1h' });
    world.settle();
    world.tried({ kind: 'unreachable', message: 'error dialing backend' });
    expect(world.settle()).toBe(5_000);
    expect(world.told).not.toContain('TtlChangeRefused');
    world.pass(5_000);
    expect(begun(world)).toBe('Ttl');
  });

  it('the operator tells the container nothing when the same ttl is written in another unit', () => {
    const world = plain({ ttl: '10m' });
    world.edit({ ttl: '600s' });
    world.settle();
    expect([world.actions.underWay, world.run.effective?.ttl]).toEqual([undefined, '10m']);
  });
});
