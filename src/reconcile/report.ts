import { CANCELLED } from '../session/run/ending.ts';
import { guardedRun } from '../session/run/fate.ts';
import type { DebugSession, Run } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import type { ContextLogger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { ActionReport } from './container-control.ts';
import { findCondition } from '../api/conditions.ts';
import type { Effect, Plan } from '../session/plan/effect.ts';
import { changeOf } from './run-times.ts';

export interface StepReport {
  session: DebugSession;
  step: Plan;
  metrics: Metrics;
  logger: ContextLogger;
}

/** One log line for each effect, and the figures that follow from it. A pass that does nothing leaves no trace. */
export function reportStep({ session, step, metrics, logger }: StepReport): void {
  const { effect } = step;
  if (effect.kind === 'none') return;
  const run = runOf(session, step);
  const who = run?.requestedBy === undefined ? {} : { requester: run.requestedBy.username };
  const fields = { ...subject(session, run), ...who };
  const events = step.events.map((event) => event.reason);
  const [level, words] = WORDS[effect.kind];
  logger[level]({ ...fields, ...details(session, effect), ...(events.length > 0 && { events }) }, words);
  const turned = changeOf(session, step)?.run;
  if (turned !== undefined) measureRun(turned, metrics);
}

/** What a line is about. */
function subject({ metadata }: DebugSession, run: Run | undefined): Record<string, unknown> {
  const { name, namespace, uid } = metadata;
  const pod = run?.podName === undefined ? {} : { pod: run.podName };
  return { session: name, namespace, uid, ...(run && { run: run.attempt }), ...pod };
}

const WORDS = {
  addFinalizer: ['debug', 'addFinalizer'],
  removeFinalizer: ['debug', 'removeFinalizer'],
  writeStatus: ['info', 'status written'],
  inject: ['info', 'container injected'],
  stop: ['info', 'stop begun'],
  tellTtl: ['info', 'new ttl sent'],
  delete: ['info', 'session deleted'],
} as const;

function details(session: DebugSession, effect: Effect): Record<string, unknown> {
  if (effect.kind === 'writeStatus') return { phase: effect.status.phase };
  if (effect.kind === 'stop') return { route: effect.route };
  if (effect.kind === 'tellTtl') return { ttl: effect.ttl };
  // The record is gone then, and soon the events about it: how much of one it was.
  return effect.kind === 'delete' ? { runs: session.status?.runs?.length ?? 0 } : {};
}

function runOf(session: DebugSession, { effect }: Plan): Run | undefined {
  if ('run' in effect) return effect.run;
  const status = effect.kind === 'writeStatus' ? effect.status : session.status;
  return status?.runs?.find((run) => run.attempt === status.attempt);
}

/** Counts a run when it turns to its end; the same state written again is no turn. */
function measureRun(run: Run, metrics: Metrics): void {
  const [finished, expires] = [run.finishedAt, run.expiresAt].map(fromTimestamp);
  // One that was called off before it ran is no failure, though it has the state of one that never ran.
  if (run.state === 'Failed' && run.reason !== CANCELLED) metrics.failure(run.reason ?? 'Unknown');
  if (run.reason === 'Expired' && finished !== undefined && expires !== undefined)
    metrics.ended((finished - expires) / 1000);
}

/** How an action to end a container, or to tell it of another ttl, went. */
export function reportAction(
  { session, run, kind, outcome }: ActionReport,
  { metrics, logger }: Pick<StepReport, 'metrics' | 'logger'>,
): void {
  const why = 'message' in outcome ? { why: outcome.message } : {};
  const went = { route: kind, outcome: outcome.kind, ...why };
  const isFine = outcome.kind === 'asked' || outcome.kind === 'told';
  logger[isFine ? 'info' : 'warn']({ ...subject(session, run), ...went }, isFine ? 'action done' : 'action failed');
  metrics.effort(kind, outcome.kind);
}

/**
 * A session went and we have not let it go: somebody took the finalizer off by hand. Its container may run, and no
 * session guards or ends it any more.
 */
export function reportReleased(
  session: DebugSession,
  now: number,
  { metrics, logger }: Pick<StepReport, 'metrics' | 'logger'>,
): void {
  const run = guardedRun(session.status?.runs, now);
  if (run === undefined) return;
  metrics.released();
  const container = { container: run.debugContainerName, podUID: run.podUID };
  logger.warn({ ...subject(session, run), ...container }, 'session gone while its container may run');
}

/** How many sessions are in each phase, and how many containers should have ended and have not. */
export function countSessions(sessions: readonly DebugSession[], metrics: Metrics): void {
  const byPhase: Record<string, number> = {};
  const unconfirmed = { False: 0, Unknown: 0 };
  for (const { status } of sessions) {
    const phase = status?.phase ?? 'Pending';
    byPhase[phase] = (byPhase[phase] ?? 0) + 1;
    const stop = findCondition(status?.conditions, 'StopConfirmed')?.status;
    if (stop === 'False' || stop === 'Unknown') unconfirmed[stop] += 1;
  }
  metrics.sessions(byPhase);
  metrics.endUnconfirmed(unconfirmed);
}
