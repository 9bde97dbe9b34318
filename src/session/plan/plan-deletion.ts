import type { Run } from '../../api/debugsession.ts';
import type { Situation } from '../look/situation.ts';
import { CANCELLED } from '../run/ending.ts';
import { hasGuard, injectionArrived } from '../run/lifecycle.ts';
import { observe, type Seen } from '../run/observation.ts';
import { confirmInjection, endOf, endWithPod, failedRun, startRun } from '../run/record.ts';
import * as events from '../status/events.ts';
import { stopCause } from '../stop/stop.ts';
import { type Plan, rest } from './effect.ts';
import { planEnding } from './plan-ending.ts';
import { planOutOfSight } from './plan-run.ts';
import { finish } from './write-status.ts';

/**
 * A session that is being deleted while its container may live: end it and record that. The deletion waits for as long
 * as the container runs, or may, and its pod stands: nobody would know of it otherwise (docs/adr/0031).
 */
export function planDeletion(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  if (!hasGuard(session)) return rest(now);
  const seen = observe(run, session.metadata.uid, situation.sighting);
  switch (seen.kind) {
    case 'terminated':
      return finish(situation, endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), seen));
    case 'podGone':
      return finish(situation, endWithPod(situation, run, seen));
    case 'notInjected':
      return run.injectedAt === undefined ? letGoUninjected(run, now) : rest(now);
    case 'running':
      return endRunning(situation, run, seen);
    case 'unseen':
      return rest(now);
    case 'waiting':
      return giveUp(situation, run, seen);
  }
}

/**
 * A deleted session is not injected any more. What was sent before may still arrive: an answer was lost, or an operator
 * that has died had sent it.
 */
function letGoUninjected(run: Run, now: number): Plan {
  const arrived = injectionArrived(run);
  return now < arrived ? rest(now, arrived) : { effect: { kind: 'removeFinalizer' }, events: [] };
}

function endRunning(situation: Situation, run: Run, seen: Seen<'running'>): Plan {
  const { now } = situation;
  const injected = confirmInjection(situation, run, seen.startedAt);
  const running = run.state === 'Running' ? run : startRun(injected, seen, now);
  const told = run.state === 'Running' ? [] : [events.started(running)];
  return planEnding(situation, running, stopCause(situation, running) ?? 'Deleted', told);
}

/** It has not run: the run is over, and its container is looked after for as long as it may start. */
function giveUp(situation: Situation, run: Run, seen: Seen<'waiting'>): Plan {
  if (run.state === 'Running') return planOutOfSight(situation, run, seen);
  const injected = confirmInjection(situation, run);
  const { now } = situation;
  if (seen.final && seen.reason !== 'ContainerCreating')
    return finish(situation, failedRun(injected, now, seen.reason, seen.message));
  const message = `The session was deleted before the container ran: ${seen.message}`;
  return finish(situation, failedRun(injected, now, CANCELLED, message));
}
