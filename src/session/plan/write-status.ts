import type { DebugSession, Run } from '../../api/debugsession.ts';
import { toTimestamp } from '../../api/time.ts';
import { sameJson } from '../../api/same-json.ts';
import type { Situation } from '../look/situation.ts';
import { composeStatus, type Standing } from '../status/compose-status.ts';
import { consequencesOf } from '../run/fate.ts';
import { isRaisedAbove } from '../run/lifecycle.ts';
import { deletionWaiting, type EventIntent, over, podDisturbed } from '../status/events.ts';
import { type Effect, type Plan, wakeBy } from './effect.ts';

/** What the status is to say, and what is done once it says so. */
export interface Projection {
  /** The run that the standing is about. */
  run?: Run;
  /** An earlier run of which more is known now. */
  record?: Run;
  standing: Standing;
  /** They tell of the write. */
  events: readonly EventIntent[];
  /** The effect that rests on what is written. Absent: none. */
  then?: Effect | undefined;
  /** When to look again, in ms since the epoch. Absent: only when something is seen to change. */
  wakeAt?: number | undefined;
}

/**
 * The one way to write a status, and to do something that rests on it: the write comes first, and in a pass in which
 * the status says all that already, the effect. So a crash between the two is repaired by the next pass. Composing is
 * deterministic, so an equal status is no write, and an idle session costs nothing.
 */
export function writeThen(situation: Situation, { run, record, standing, events, then, wakeAt }: Projection): Plan {
  const { session, now } = situation;
  const status = composeStatus({
    ...{ session, standing, now, isPodLeaving: isPodLeaving(situation, run) },
    ...(run && { run }),
    ...(record && { record }),
  });
  const isWritten = sameJson(status, session.status ?? {});
  const told = [...events, ...disturbances(session, run)];
  const step: Plan = isWritten
    ? { effect: then ?? { kind: 'none' }, events: [] }
    : { effect: { kind: 'writeStatus', status }, events: told };
  return wakeBy(step, now, wakeAt);
}

/** What happens to a pod during its session is told once, with what came first; the record has the rest. */
function disturbances({ status }: DebugSession, run: Run | undefined): EventIntent[] {
  const before = status?.runs?.find(({ attempt }) => attempt === run?.attempt);
  return run?.during === undefined || before?.during !== undefined ? [] : [podDisturbed(run, run.during)];
}

function isPodLeaving({ sighting }: Situation, run: Run | undefined): boolean {
  if (sighting.kind !== 'present' || sighting.pod.metadata.uid !== run?.podUID) return false;
  return sighting.pod.metadata.deletionTimestamp !== undefined;
}

/** Writes the end of a run: from here on nothing changes its phase. */
export function finish(situation: Situation, run: Run): Plan {
  const raised = isRaisedAbove(situation.session, run) && { raised: true };
  const done = { ...run, ...peakOf(situation, run), overAt: toTimestamp(situation.now), ...raised };
  const events = [over(done), ...deletionWaits(situation, done)];
  return writeThen(situation, { run: done, standing: { phase: 'Over' }, events });
}

/** Written with the end alone: each sample would be a write. */
function peakOf({ sampled }: Situation, { attempt, startedAt }: Run): Pick<Run, 'peakMemory'> {
  if (sampled?.attempt !== attempt || startedAt === undefined) return {};
  return { peakMemory: { bytes: sampled.bytes, samples: sampled.samples } };
}

/** A deletion that waits for a container which does not run is told: nobody can see what it waits for. */
export function deletionWaits({ session, now }: Situation, run: Run): EventIntent[] {
  const isWaiting = session.metadata.deletionTimestamp !== undefined && consequencesOf(run, now).needsGuard;
  return isWaiting ? [deletionWaiting(run, now)] : [];
}
