import type { Run, RunStop, StopCause } from '../../api/debugsession.ts';
import { toTimestamp } from '../../api/time.ts';
import type { Actions } from '../look/actions.ts';
import type { Why } from '../look/objection.ts';
import type { Situation } from '../look/situation.ts';
import { STOPPED_BECAUSE } from '../run/ending.ts';
import { asAllowed } from '../start/permission.ts';
import * as events from '../status/events.ts';
import { stopConfirmation } from '../status/stop-confirmation.ts';
import { nextStop } from '../stop/stop.ts';
import type { Plan } from './effect.ts';
import { type Projection, writeThen } from './write-status.ts';

/** Where the pursuit of an end stands: what is to be written of it, and what is done then. */
export interface Pursuit extends Pick<Projection, 'events' | 'then' | 'wakeAt'> {
  run: Run;
  /** Why the end is not confirmed (yet). */
  unconfirmed: Why;
}

/**
 * The next step towards the end of a container that has to end. What is about to be tried is written down before it is
 * tried for the first time, so that whoever sees the container end later knows what ended it, also after a restart.
 */
export function pursueEnd(situation: Situation, run: Run, cause: StopCause): Pursuit {
  const { session, sighting, now, actions } = situation;
  const stop: RunStop = run.stop ?? { cause, requestedAt: toTimestamp(now), routes: [] };
  const said = stop.unconfirmed;
  const unconfirmed = said ?? firstWords(run, stop.cause, now);
  const step = nextStop({ ...situation, session: asAllowed(session, run, situation.rules) }, run);
  switch (step.kind) {
    case 'act': {
      const { route } = step;
      const then = { ...step, kind: 'stop', run } as const;
      if (stop.routes.includes(route)) return { run, unconfirmed, events: [], then };
      const pod = sighting.kind === 'present' ? sighting.pod : undefined;
      const told = route === 'Eviction' ? [events.evicting(run, pod)] : [];
      return { run: { ...run, stop: { ...stop, routes: [...stop.routes, route] } }, unconfirmed, events: told };
    }
    case 'look':
      return { run, unconfirmed, events: [], wakeAt: step.until };
    case 'report': {
      const { reason, message, retryAt: wakeAt } = step;
      if (!isNews(said, reason, actions)) return { run, unconfirmed, events: [], wakeAt };
      const told = said === undefined ? [events.stopUnconfirmed(run, message)] : [];
      const found = { reason, message };
      return { run: { ...run, stop: { ...stop, unconfirmed: found } }, unconfirmed: found, events: told, wakeAt };
    }
  }
}

/**
 * The words change with every try (times, addresses); the reason is what people wait on. Of two operators at once each
 * would put its own experience in the place of the other's, for ever: so it is told once.
 */
function isNews(said: RunStop['unconfirmed'], reason: string, actions: Actions | undefined): boolean {
  return said === undefined || (said.reason !== reason && actions?.isSaid !== true);
}

/** A live run that has to end: phase Ending until the kubelet reports it terminated, or its pod is gone. */
export function planEnding(situation: Situation, run: Run, cause: StopCause, told: Projection['events']): Plan {
  const { unconfirmed, events, ...pursuit } = pursueEnd(situation, run, cause);
  const standing = { phase: 'Ending', ...unconfirmed } as const;
  return writeThen(situation, { ...pursuit, standing, events: [...told, ...events] });
}

/** A run that is over, whose container runs all the same: it started late, or again. Its phase does not move. */
export function planStray(situation: Situation, run: Run, cause: StopCause, told: Projection['events']): Plan {
  const { unconfirmed, events, ...pursuit } = pursueEnd(situation, run, cause);
  const standing = { phase: 'Over', unconfirmed } as const;
  return writeThen(situation, { ...pursuit, standing, events: [...told, ...events] });
}

function firstWords(run: Run, cause: StopCause, now: number): Why {
  if (cause === 'StartedLate' || cause === 'RanAgain') return stopConfirmation(run, now);
  const message = `The operator ends container ${run.debugContainerName} of pod ${run.podName} ${STOPPED_BECAUSE[cause]}`;
  return { reason: 'Stopping', message };
}
