import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { findCondition, type WantedCondition } from '../../api/conditions.ts';
import type { Situation } from '../look/situation.ts';
import { guardedRun, nextFate, runToLookAt } from '../run/fate.ts';
import { isMarked } from '../run/lifecycle.ts';
import * as story from '../status/events.ts';
import { lookAgain } from '../stop/second-look.ts';
import { isSettled, isUnderWay, mustRetire, nextRetirement } from '../stop/retirement.ts';
import { type Effect, type Plan, rest } from './effect.ts';
import { planStray, pursueEnd } from './plan-ending.ts';
import { stageOf } from './stage.ts';
import { removalTime } from './plan-removal.ts';
import { deletionWaits, type Projection, writeThen } from './write-status.ts';

/**
 * A session with no live run and none to start: keep the record true, end what runs all the same, retire its pod where that is wanted, let go of
 * the finalizer, and of the record itself.
 */
export function planOver(situation: Situation, run: Run | undefined): Plan {
  const { session, now } = situation;
  // Deleted between the finalizer and the intent: nothing was injected, and nobody else takes the finalizer off.
  if (run === undefined) return isMarked(session) ? { effect: { kind: 'removeFinalizer' }, events: [] } : rest(now);
  const other = runToLookAt(session, now);
  if (other !== undefined && other !== run && stageOf(session, now) !== 'retiring')
    return planEarlier(situation, run, other);
  const { run: known, events, stray } = lookAgain(situation, run);
  const told = [...events, ...deletionWaits(situation, known)];
  if (stray !== undefined) return planStray(situation, known, stray, told);
  return retire(situation, known, told);
}

/** Of an earlier run more may become known: its container stood in a pod, had not run, and the next attempt did not wait for it. */
function planEarlier(situation: Situation, run: Run, earlier: Run): Plan {
  const { run: known, events, stray } = lookAgain(situation, earlier);
  const told = [...events, ...deletionWaits(situation, known)];
  const retirement = nextRetirement(situation, run).condition;
  if (stray === undefined) {
    const standing = { phase: 'Over', ...(retirement && { retirement }) } as const;
    return write(situation, run, { record: known, standing, events: told, ...letGo(situation, known) });
  }
  const { unconfirmed, run: record, ...pursuit } = pursueEnd(situation, known, stray);
  const standing = { phase: 'Over', unconfirmed, ...(retirement && { retirement }) } as const;
  return writeThen(situation, { ...pursuit, run, record, standing, events: [...told, ...pursuit.events] });
}

/** The last thing that is done for a session: its pod goes, where that is wanted. It is told before it is done. */
function retire(situation: Situation, run: Run, events: Projection['events']): Plan {
  const { session, sighting } = situation;
  const { condition, evict, at } = isGivenUp(situation, run) ? {} : nextRetirement(situation, run);
  if (condition === undefined) return write(situation, run, { events, ...letGo(situation, run) });
  const isNews = isUnderWay(condition) && !isUnderWay(findCondition(session.status?.conditions, 'PodRetired'));
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const told = isNews ? [...events, story.retiring(run, pod)] : events;
  const standing = { phase: 'Over', retirement: condition } as const;
  if (isSettled(condition))
    return write(situation, withoutDebt(run, condition), { events: told, standing, ...letGo(situation, run) });
  const then = evict === true ? ({ kind: 'stop', run, route: 'Eviction' } as const) : undefined;
  const wakeAt = Math.min(at ?? Infinity, retireBy(situation, run) ?? Infinity);
  return write(situation, run, { events: told, standing, then, wakeAt });
}

/** What the policy demanded is done: the condition goes with the next attempt, the record stays. */
function withoutDebt(run: Run, { status }: WantedCondition): Run {
  return mustRetire(run) && status === 'True' ? { ...run, podRetired: true } : run;
}

/** How long the deletion of a session waits for the eviction of its pod, which a PodDisruptionBudget may forbid for ever, in ms. */
const RETIRE_WITHIN_MS = 30_000;

/** A pod that has to go, because the policy demands it, holds the session for as long as it stands. */
function retireBy({ session }: Situation, run: Run): number | undefined {
  const deletedAt = fromTimestamp(session.metadata.deletionTimestamp);
  return deletedAt === undefined || mustRetire(run) ? undefined : deletedAt + RETIRE_WITHIN_MS;
}

function isGivenUp(situation: Situation, run: Run): boolean {
  return situation.now >= (retireBy(situation, run) ?? Infinity);
}

function write(
  situation: Situation,
  run: Run,
  { standing = { phase: 'Over' }, wakeAt = Infinity, ...news }: Partial<Projection> & Pick<Projection, 'events'>,
): Plan {
  const next = nextFate(run, situation.now) ?? Infinity;
  return writeThen(situation, { run, standing, ...news, wakeAt: Math.min(wakeAt, next) });
}

/** The finalizer goes when nothing of any run can live any more, and the record itself at its time. */
function letGo(situation: Situation, known: Run): { then?: Effect; wakeAt?: number } {
  const { session, now } = situation;
  const runs = session.status?.runs?.map((run) => (run.attempt === known.attempt ? known : run)) ?? [known];
  if (guardedRun(runs, now) !== undefined) return {};
  if (isMarked(session)) return { then: { kind: 'removeFinalizer' } };
  const at = removalTime(situation);
  if (at === undefined) return {};
  // No event: it would be about an object that is not there, and gone within the hour. The audit log and ours have the deletion.
  return now >= at ? { then: { kind: 'delete' } } : { wakeAt: at };
}
