import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { findCondition } from '../../api/conditions.ts';
import type { Situation } from '../look/situation.ts';
import { guardedRun, nextFate, runToLookAt } from '../run/fate.ts';
import { hasGuard, withRun } from '../run/lifecycle.ts';
import * as events from '../status/events.ts';
import { lookAgain, type SecondLook } from '../stop/second-look.ts';
import { isSettled, isUnderWay, mustRetire, nextRetirement, owesRetirement } from '../stop/retirement.ts';
import { type Effect, type Plan, rest } from './effect.ts';
import { planStray, pursueEnd } from './plan-ending.ts';
import { subjectOf } from './stage.ts';
import { removalTime } from './plan-removal.ts';
import { deletionWaits, type Projection, writeThen } from './write-status.ts';

/**
 * A session with no live run and none to start: keep the record true, end what runs all the same, retire its pod where
 * that is wanted, let go of the finalizer, and of the record itself.
 */
export function planOver(situation: Situation, run: Run | undefined): Plan {
  const { session, now } = situation;
  // Deleted between the finalizer and the intent: nothing was injected, and nobody else takes the finalizer off.
  if (run === undefined) return hasGuard(session) ? { effect: { kind: 'removeFinalizer' }, events: [] } : rest(now);
  const subject = subjectOf(session, now) ?? run;
  const other = runToLookAt(session, now);
  // While a pod is waited for to go, what starts in it late is seen as well.
  const beside = other !== undefined && other.podUID === subject.podUID ? other : subject;
  const look = beside === subject ? undefined : lookAgain(situation, beside);
  if (look?.stray !== undefined) return planSubject(situation, run, beside, look);
  return planSubject(situation, run, subject, lookAgain(situation, subject));
}

/**
 * @param subject the newest run, or an earlier one of which more may become known: its container stood in a pod, had
 * not run, and the next attempt did not wait for it
 */
function planSubject(situation: Situation, run: Run, subject: Run, look: SecondLook): Plan {
  const { run: known, events, stray } = look;
  const told = [...events, ...deletionWaits(situation, known)];
  if (stray === undefined) return retire(situation, subject === run ? { run: known } : { run, record: known }, told);
  if (subject === run) return planStray(situation, known, stray, told);
  const { unconfirmed, run: record, ...pursuit } = pursueEnd(situation, known, stray);
  const standing = { phase: 'Over', unconfirmed } as const;
  return writeThen(situation, { ...pursuit, run, record, standing, events: [...told, ...pursuit.events] });
}

/** The newest run, and an earlier one where that is what the pass is about. */
interface Records {
  run: Run;
  record?: Run;
}

/** The last thing that is done for a session: its pod goes, where that is wanted. It is told before it is done. */
function retire(situation: Situation, records: Records, before: Projection['events']): Plan {
  const { session, sighting } = situation;
  const known = records.record ?? records.run;
  const { condition, evict, at } = isGivenUp(situation, known) ? {} : nextRetirement(situation, known);
  if (condition === undefined) return write(situation, records, { events: before, ...letGo(situation, known) });
  const isNews = isUnderWay(condition) && !isUnderWay(findCondition(session.status?.conditions, 'PodRetired'));
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const told = isNews ? [...before, events.retiring(known, pod)] : before;
  const standing = { phase: 'Over', retirement: condition } as const;
  if (isSettled(condition)) {
    const done = { ...known, podRetired: condition.status === 'True' };
    const settled = records.record === undefined ? { run: done } : { ...records, record: done };
    return write(situation, settled, { events: told, standing, ...letGo(situation, done) });
  }
  const then = evict === true ? ({ kind: 'stop', run: known, route: 'Eviction' } as const) : undefined;
  const wakeAt = Math.min(at ?? Infinity, retireBy(situation, known) ?? Infinity);
  return write(situation, records, { events: told, standing, then, wakeAt });
}

/**
 * How long the deletion of a session waits for the eviction of its pod, which a PodDisruptionBudget may forbid for
 * ever, in ms.
 */
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
  records: Records,
  { standing = { phase: 'Over' }, wakeAt = Infinity, ...news }: Partial<Projection> & Pick<Projection, 'events'>,
): Plan {
  const next = nextFate(records.record ?? records.run, situation.now) ?? Infinity;
  return writeThen(situation, { ...records, standing, ...news, wakeAt: Math.min(wakeAt, next) });
}

/** The finalizer goes when nothing of any run can live any more, and the record itself at its time. */
function letGo(situation: Situation, known: Run): { then?: Effect; wakeAt?: number } {
  const { session, now } = situation;
  const runs = withRun(session.status?.runs ?? [], known);
  if (guardedRun(runs, now) !== undefined || runs.some(owesRetirement)) return {};
  if (hasGuard(session)) return { then: { kind: 'removeFinalizer' } };
  const at = removalTime(situation);
  if (at === undefined) return {};
  // No event: it would be about an object that is not there, and gone within the hour. The audit log and ours have the
  // deletion.
  return now >= at ? { then: { kind: 'delete' } } : { wakeAt: at };
}
