import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { findCondition, type WantedCondition } from '../../api/conditions.ts';
import { lookAgain } from '../stop/second-look.ts';
import { isMarked, mayRunAgain, mayStartLate } from '../run/lifecycle.ts';
import { writeIfChanged } from './write-status.ts';
import { releaseTime } from './plan-deletion.ts';
import { planStray } from './plan-ending.ts';
import { isSettled, isUnderWay, nextRetirement } from '../stop/retirement.ts';
import { type Plan, rest, wakeBy } from './effect.ts';
import type { EventIntent } from '../status/events.ts';
import type { Situation } from '../look/situation.ts';
import { nextConfirmation } from '../status/stop-confirmation.ts';
import { planRemoval } from './plan-removal.ts';
import * as story from '../status/events.ts';

/**
 * A session with no live run and none to start: keep the record true, end what runs all the same, retire its pod where that is wanted, let go of
 * the finalizer, and of the record itself.
 */
export function planOver(situation: Situation, run: Run | undefined): Plan {
  const { session, now } = situation;
  // Deleted between the finalizer and the intent: nothing was injected, and nobody else takes the finalizer off.
  if (run === undefined) return isMarked(session) ? { effect: { kind: 'removeFinalizer' }, events: [] } : rest(now);
  const { run: known, events, stray } = lookAgain(situation, run);
  const isReleased = now >= (releaseTime(situation) ?? Infinity);
  if (isReleased) return writeOrLetGo(situation, known, { events });
  if (stray !== undefined) return untilRelease(situation, planStray(situation, known, stray, events));
  return retire(situation, known, events);
}

/** The last thing that is done for a session: its pod goes, where that is wanted. It is told before it is done. */
function retire(situation: Situation, run: Run, events: EventIntent[]): Plan {
  const { session, sighting } = situation;
  const { condition, evict, at } = nextRetirement(situation, run);
  if (condition === undefined) return writeOrLetGo(situation, run, { events });
  const isNews = isUnderWay(condition) && !isUnderWay(findCondition(session.status?.conditions, 'PodRetired'));
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const told = isNews ? [...events, story.retiring(run, pod)] : events;
  if (isSettled(condition)) return writeOrLetGo(situation, run, { events: told, retirement: condition });
  const step = write(situation, run, { events: told, retirement: condition, at });
  if (step.effect.kind === 'none' && evict === true)
    return { effect: { kind: 'stop', run, route: 'Eviction' }, events: [] };
  return untilRelease(situation, step);
}

interface News {
  events: EventIntent[];
  retirement?: WantedCondition;
  at?: number | undefined;
}

function write(situation: Situation, run: Run, { events, retirement, at }: News): Plan {
  const { now } = situation;
  const wakeAt = Math.min(nextConfirmation(run, now) ?? Infinity, lookUntil(run, now), at ?? Infinity);
  return writeIfChanged(situation, {
    run,
    standing: { phase: 'Over', ...(retirement && { retirement }) },
    events,
    wakeAt,
  });
}

function writeOrLetGo(situation: Situation, run: Run, news: News): Plan {
  const step = write(situation, run, news);
  if (step.effect.kind !== 'none') return step;
  return isMarked(situation.session) ? letGo(situation, run, step) : planRemoval(situation, step);
}

/** A deleted session is not held for longer than it may be. */
function untilRelease(situation: Situation, step: Plan): Plan {
  return step.effect.kind === 'none' ? wakeBy(step, situation.now, releaseTime(situation)) : step;
}

/** When the container is not looked at any more, so that its watch can close: see `mayRunAgain`. */
function lookUntil(run: Run, now: number): number {
  const startBy = mayRunAgain(run, now) ? fromTimestamp(run.startBy) : undefined;
  return startBy !== undefined && startBy > now ? startBy : Infinity;
}

/**
 * A failed run may still get its container. While it could, the finalizer stays: with a deleted session 30 s at most, and then the pod is told
 * what is left in it.
 */
function letGo(situation: Situation, run: Run, step: Plan): Plan {
  const { session, now } = situation;
  const letGoNow: Plan = { effect: { kind: 'removeFinalizer' }, events: [] };
  if (!mayStartLate(run, now)) return letGoNow;
  const releaseAt = releaseTime(situation);
  if (releaseAt === undefined) return step;
  if (now < releaseAt) return rest(now, releaseAt);
  return { ...letGoNow, events: [story.releasedAlive(session, run)] };
}
