import type { Run, RunStop, StopCause } from '../../api/debugsession.ts';
import { toTimestamp } from '../../api/time.ts';
import { findCondition } from '../../api/conditions.ts';
import type { Efforts } from '../look/efforts.ts';
import { STOPPED_BECAUSE } from '../run/ending.ts';
import { writeIfChanged } from './write-status.ts';
import type { EventIntent } from '../status/events.ts';
import type { Plan } from './effect.ts';
import type { Situation } from '../look/situation.ts';
import type { Standing, Unconfirmed } from '../status/compose-status.ts';
import { asAllowed } from '../start/permission.ts';
import { stopConfirmation } from '../status/stop-confirmation.ts';
import { nextStop } from '../stop/stop.ts';
import * as story from '../status/events.ts';

/** How the caller writes down where the pursuit of an end stands: for a live run that is phase Ending, for one that is over its StopConfirmed. */
export type WriteDown = (run: Run, unconfirmed: Unconfirmed, events: EventIntent[], wakeAt?: number) => Plan;

/**
 * The next step towards the end of a container that has to end. What is about to be tried is written down before it is tried for the first time, so
 * that whoever sees the container end later knows what ended it, also after a restart.
 */
export function pursueEnd(situation: Situation, run: Run, cause: StopCause, write: WriteDown): Plan {
  const { session, sighting, now, efforts } = situation;
  const stop: RunStop = run.stop ?? { cause, requestedAt: toTimestamp(now), routes: [] };
  const said = saidBefore(situation, run) ?? firstWords(run, stop.cause, now);
  const step = nextStop(asAllowed(session, situation.rules), run, now, efforts);
  switch (step.kind) {
    case 'act': {
      const { route } = step;
      if (run.stop?.routes.includes(route) === true) return { effect: { kind: 'stop', run, route }, events: [] };
      const pod = sighting.kind === 'present' ? sighting.pod : undefined;
      const events = route === 'Eviction' ? [story.evicting(run, pod)] : [];
      return write({ ...run, stop: { ...stop, routes: [...stop.routes, route] } }, said, events);
    }
    case 'look':
      return write(run, said, [], step.until);
    case 'report': {
      const { reason, message, retryAt } = step;
      if (!isNews(said, reason, efforts)) return write(run, said, [], retryAt);
      const events = ASKED.includes(said.reason) ? [story.stopUnconfirmed(run, message)] : [];
      return write(run, { reason, message }, events, retryAt);
    }
  }
}

/** The words change with every try (times, addresses); the reason is what people wait on. */
function isNews(said: Unconfirmed, reason: string, efforts: Efforts | undefined): boolean {
  return said.reason !== reason && (efforts?.isSaid !== true || ASKED.includes(said.reason));
}

/** What is said before it is known how asking went. After that a change of the reason is no news for an event. */
const ASKED = ['Stopping', 'StartedLate', 'RanAgain'];

/** A live run that has to end: phase Ending until the kubelet reports it terminated, or its pod is gone. */
export function planEnding(situation: Situation, run: Run, cause: StopCause, told: EventIntent[] = []): Plan {
  return pursueEnd(
    situation,
    run,
    cause,
    inStatus(situation, told, (said) => ({ phase: 'Ending', ...said })),
  );
}

/** A run that is over, whose container runs all the same: it started late, or again. Its phase does not move. */
export function planStray(situation: Situation, run: Run, cause: StopCause, told: EventIntent[]): Plan {
  return pursueEnd(
    situation,
    run,
    cause,
    inStatus(situation, told, (said) => ({ phase: 'Over', unconfirmed: said })),
  );
}

/** @param told events that belong to the first write whatever it says */
function inStatus(situation: Situation, told: EventIntent[], standingOf: (said: Unconfirmed) => Standing): WriteDown {
  return (run, unconfirmed, events, wakeAt) =>
    writeIfChanged(situation, {
      run,
      standing: standingOf(unconfirmed),
      events: [...told, ...events],
      wakeAt,
    });
}

/** What the status says already of this pursuit: said until something else is known, so that a retry is no write. */
function saidBefore({ session }: Situation, run: Run): Unconfirmed | undefined {
  if (session.status?.attempt !== run.attempt) return undefined;
  const before = findCondition(session.status.conditions, 'StopConfirmed');
  return before?.status === 'False' ? { reason: before.reason, message: before.message } : undefined;
}

function firstWords(run: Run, cause: StopCause, now: number): Unconfirmed {
  if (cause === 'StartedLate' || cause === 'RanAgain') return stopConfirmation(run, now);
  const message = `container ${run.debugContainerName} of pod ${run.podName} is being ended ${STOPPED_BECAUSE[cause]}`;
  return { reason: 'Stopping', message };
}
