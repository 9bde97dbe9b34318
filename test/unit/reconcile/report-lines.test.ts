import { describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession, DebugSessionSpec, Phase } from '../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { countSessions, reportAction, reportStep } from '../../../src/reconcile/report.ts';
import { DEADLINE } from '../../../src/session/container/supervisor.ts';
import type { ActionOutcome } from '../../../src/session/look/actions.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { World } from '../../support/world/world.ts';

// What a collector of logs and metrics gets to know of a session.

type Line = Record<string, unknown>;

/** A world whose steps are told to a log and to metrics. */
class Told {
  readonly metrics = createMetrics();
  readonly world: World;
  readonly #lines: Line[] = [];
  readonly logger = createLogger({
    level: 'debug',
    destination: { write: (line) => void this.#lines.push(JSON.parse(line) as Line) },
  });

  constructor(spec: Partial<DebugSessionSpec> = {}) {
    this.world = new World(spec);
    this.world.onStep = (step) => reportStep({ ...this, session: this.world.session, step });
  }

  /** The lines since the last call, without their time. */
  lines(): Line[] {
    return this.#lines.splice(0).map((line) => without(line, ['time']));
  }

  /** The same without what a line is about. */
  words(): unknown[] {
    const isAbout = ['session', 'namespace', 'uid', 'run', 'pod', 'requester'];
    return this.lines().map((line) => [line['level'], line['msg'], without(line, [...isAbout, 'level', 'msg'])]);
  }

  /** The samples of the metrics whose name begins so. */
  async samples(name: string): Promise<string[]> {
    const { body } = await this.metrics.expose();
    return body.split('\n').filter((line) => line.startsWith(name));
  }
}

function without(line: Line, fields: readonly string[]): Line {
  return Object.fromEntries(Object.entries(line).filter(([field]) => !fields.includes(field)));
}

const about = (): Line => {
  const { name, namespace, uid } = aSession().metadata;
  return { session: name, namespace, uid };
};
const ofRun = (run: number): Line => ({ ...about(), run, pod: 'web-1', requester: 'dana' });

describe('the lines of the log about a session', () => {
  it('the log tells each step of a life, with what is particular about it', () => {
    const told = new Told({ ttl: '10m', ttlAfterFinished: '1h' });
    const { world } = told;
    world.settle();
    expect(told.words()).toEqual([
      ['debug', 'addFinalizer', {}],
      ['info', 'status written', { phase: 'Starting' }],
      ['info', 'container injected', { events: ['Injected'] }],
    ]);
    world.starts();
    world.settle();
    expect(told.words()).toEqual([['info', 'status written', { phase: 'Running', events: ['Started'] }]]);
    world.edit({ ttl: '5m' });
    world.settle();
    expect(told.words().slice(-1)).toEqual([['info', 'new ttl sent', { ttl: '5m' }]]);
    world.tried({ kind: 'told' });
    world.edit({ cancel: true });
    world.settle();
    expect(told.words().slice(-1)).toEqual([['info', 'stop begun', { route: 'Exec' }]]);
    world.ends({ exitCode: 129, reason: 'Error', message: 'Stopped' });
    world.settle();
    expect(told.words()).toEqual([
      ['info', 'status written', { phase: 'Cancelled', events: ['Ended'] }],
      ['debug', 'removeFinalizer', {}],
    ]);
    world.pass(3_601_000);
    world.settle();
    expect(told.words()).toEqual([['info', 'session deleted', { runs: 1 }]]);
  });

  it('a line names the session, and its run, pod and requester once a run begins', () => {
    const told = new Told();
    told.world.settle();
    const [first, ...others] = told.lines();
    expect(first).toEqual({ ...about(), level: 'debug', msg: 'addFinalizer' });
    expect(others).toEqual([expect.objectContaining(ofRun(1)), expect.objectContaining(ofRun(1))]);
  });

  it('a line names the newest run of a session, and of a session that has waited the run that begins', () => {
    const told = new Told();
    const { world } = told;
    world.podGoes({ seen: false });
    world.settle();
    const pending = told.lines().filter(({ phase }) => phase === 'Pending');
    const words = { level: 'info', msg: 'status written', phase: 'Pending', events: ['Accepted'] };
    expect(pending).toEqual([{ ...about(), ...words }]);
    world.pod = aPod();
    world.settle();
    expect(told.lines()[0]).toEqual({ ...ofRun(1), level: 'debug', msg: 'addFinalizer' });
    world.starts();
    world.settle();
    world.ends();
    world.settle();
    told.lines();
    world.edit({ attempt: 2 });
    world.settle();
    expect(told.lines().map(({ msg, run }) => [msg, run])).toEqual([
      ['addFinalizer', 1],
      ['status written', 2],
      ['container injected', 2],
    ]);
  });

  it.each<[ActionOutcome, Line]>([
    [{ kind: 'asked' }, { level: 'info', msg: 'action done', outcome: 'asked' }],
    [{ kind: 'told' }, { level: 'info', msg: 'action done', outcome: 'told' }],
    [
      { kind: 'forbidden', message: 'no right' },
      { level: 'warn', msg: 'action failed', outcome: 'forbidden', why: 'no right' },
    ],
    [
      { kind: 'survived', processes: 2 },
      { level: 'warn', msg: 'action failed', outcome: 'survived' },
    ],
  ])('the log tells how an action went: %j', (outcome, line) => {
    const told = new Told();
    const { session, run } = World.running();
    reportAction({ session, run, kind: 'Exec', outcome }, told);
    expect(told.lines()).toEqual([{ ...without(ofRun(1), ['requester']), route: 'Exec', ...line }]);
  });
});

describe('the metrics of sessions', () => {
  it('the metric tells how late a container ended after its ttl', async () => {
    const told = new Told({ ttl: '1m' });
    const { world } = told;
    world.settle();
    world.starts();
    world.settle();
    world.pass(63_000);
    world.ends({ exitCode: 137, reason: 'Error', message: DEADLINE, finishedAt: toTimestamp(world.now) });
    world.settle();
    expect(world.phase).toBe('Expired');
    expect(await told.samples('debugsession_end_delay_seconds_sum')).toEqual(['debugsession_end_delay_seconds_sum 3']);
    expect(await told.samples('debugsession_failures_total{')).toEqual([]);
  });

  it('the metric has no delay of a container whose command has ended by itself', async () => {
    const told = new Told();
    const { world } = told;
    world.settle();
    world.starts();
    world.settle();
    world.ends();
    world.settle();
    expect(world.phase).toBe('Completed');
    expect(await told.samples('debugsession_end_delay_seconds_count')).toEqual([
      'debugsession_end_delay_seconds_count 0',
    ]);
    expect(await told.samples('debugsession_failures_total{')).toEqual([]);
  });

  it('the metric has no delay of a container that was only seen when its ttl was over', async () => {
    const told = new Told({ ttl: '1m' });
    const { world } = told;
    world.settle();
    const startedAt = toTimestamp(world.now);
    world.pass(63_000);
    world.ends({ exitCode: 137, reason: 'Error', message: DEADLINE, startedAt });
    world.settle();
    expect(world.phase).toBe('Expired');
    const count = 'debugsession_end_delay_seconds_count';
    expect(await told.samples(count)).toEqual([`${count} 0`]);
  });

  it('the metrics count the sessions of each phase, and those whose end is not confirmed', async () => {
    const told = new Told();
    const confirmed = (status: Condition['status']): Condition => ({
      ...{ type: 'StopConfirmed', status, reason: 'R', message: '' },
      ...{ observedGeneration: 1, lastTransitionTime: '2026-01-01T12:00:00Z' },
    });
    const inPhase = (phase: Phase, ...stops: Condition['status'][]): DebugSession =>
      aSession({}, { status: { phase, conditions: stops.map(confirmed) } });
    const sessions = [
      ...[aSession(), inPhase('Pending'), inPhase('Running'), inPhase('Ending', 'False'), inPhase('Ending', 'False')],
      ...[inPhase('Failed', 'Unknown'), inPhase('Completed', 'True'), inPhase('Completed', 'True')],
    ];
    countSessions(sessions, told.metrics);
    expect(await told.samples('debugsession_sessions{')).toEqual([
      'debugsession_sessions{phase="Pending"} 2',
      'debugsession_sessions{phase="Running"} 1',
      'debugsession_sessions{phase="Ending"} 2',
      'debugsession_sessions{phase="Failed"} 1',
      'debugsession_sessions{phase="Completed"} 2',
    ]);
    expect(await told.samples('debugsession_end_unconfirmed{')).toEqual([
      'debugsession_end_unconfirmed{status="False"} 2',
      'debugsession_end_unconfirmed{status="Unknown"} 1',
    ]);
  });
});
