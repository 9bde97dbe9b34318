import { parseDuration } from '../../api/duration.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import { fromTimestamp, toTimestamp } from '../../api/time.ts';
import { ttlOf } from '../../policy/evaluate.ts';
import { ttlSeconds } from '../container/effective.ts';
import type { ActionOutcome, Tried } from '../look/actions.ts';
import type { Rules } from '../look/rules.ts';
import { isRaisedAbove } from '../run/lifecycle.ts';
import { containerIDOf } from '../run/second-run.ts';
import { withTtl } from '../run/with-ttl.ts';
import { retryPause } from './retry.ts';
import type { EventIntent } from '../status/events.ts';
import type { Situation } from '../look/situation.ts';
import * as events from '../status/events.ts';

/** What is to be done about a ttl that was changed while its container runs. */
export type TtlStep =
  | { kind: 'same' }
  /** The record changes; `events` tell of it. */
  | { kind: 'write'; run: Run; events: EventIntent[] }
  | { kind: 'tell'; ttl: string }
  /**
   * The container does not know it yet (`until` when to try again), or never will (`note` says why `ttl` does not
   * count). `keepsWords`: the note is what this operator has tried, and has been written (see Actions).
   */
  | { kind: 'wait'; ttl: string; until?: number; note?: string; keepsWords?: true };

/**
 * A changed ttl counts once the supervisor has been told: until then, and where it cannot be told, the old deadline
 * stands. What may live longer is written down first: lastMoment moves before the container hears of it, and only up.
 * Without a supervisor the deadline is the operator's own, and moves at once. Both count from the start of the
 * container.
 */
export function nextTtlStep(situation: Situation, run: Run): TtlStep {
  const { session, rules } = situation;
  const { effective } = run;
  if (effective === undefined) return { kind: 'same' };
  const wanted = wantedOf(session, run) ?? effective.ttl;
  const refusal = tooLong(wanted, { run, current: effective.ttl, rules });
  if (refusal !== undefined) return { kind: 'wait', ttl: wanted, note: refusal };
  const { wantedTtl } = run;
  if (wantedTtl === undefined && isSame(wanted, effective.ttl)) return { kind: 'same' };
  if (effective.supervisor === 'None') return changed(run, wanted);
  // Also where it is changed back: the container may have been told of the other one.
  if (wantedTtl === undefined || !isSame(wanted, wantedTtl))
    return { kind: 'write', run: intend(run, wanted), events: [] };
  return nextTry(situation, run, wanted);
}

/**
 * One that is taken out of the spec changes nothing: what counts then is for the next attempt. So is the whole spec
 * once the attempt is raised. What the run was to have before stays so.
 */
function wantedOf(session: DebugSession, run: Run): string | undefined {
  return isRaisedAbove(session, run) ? run.wantedTtl : session.spec.ttl;
}

function nextTry({ now, actions }: Situation, run: Run, wanted: string): TtlStep {
  if (actions?.underWay !== undefined) return { kind: 'wait', ttl: wanted };
  const tried = actions?.tried.Ttl;
  if (tried === undefined || tried.ttl !== wanted || tried.containerID !== containerIDOf(run))
    return { kind: 'tell', ttl: wanted };
  const step = afterTelling(run, wanted, tried, now);
  return step.kind === 'wait' && actions?.isSaid === true ? { ...step, keepsWords: true } : step;
}

/**
 * Why a longer ttl may not be had, if it may not: where the policy is not known nothing gets longer. Nor does a run
 * that others have approved, because they approved its ttl.
 */
function tooLong(
  wanted: string,
  { run, current, rules }: { run: Run; current: string; rules: Rules | undefined },
): string | undefined {
  if (!isLonger(wanted, current)) return undefined;
  if (run.approvedBy !== undefined) return `it was approved for ${current}; raise attempt to ask for more`;
  if (rules?.policy.kind !== 'found') return 'its policy does not exist or cannot be read';
  const { max } = ttlOf(rules.policy.spec);
  return isLonger(wanted, max) ? `its policy allows ${max} at most` : undefined;
}

function afterTelling(run: Run, wanted: string, { outcome, at, times }: Tried, now: number): TtlStep {
  if (outcome.kind === 'told') return changed(run, wanted);
  if (outcome.kind === 'forbidden' || outcome.kind === 'impossible')
    return { kind: 'wait', ttl: wanted, note: outcome.message };
  const until = at + retryPause(times);
  // Its end is about to be reported: there is nothing to say of its ttl.
  if (outcome.kind === 'notRunning' && now < until) return { kind: 'wait', ttl: wanted, until };
  return now >= until ? { kind: 'tell', ttl: wanted } : { kind: 'wait', ttl: wanted, until, note: wordsOf(outcome) };
}

function wordsOf(outcome: ActionOutcome): string {
  return 'message' in outcome ? outcome.message : 'the container gave no answer';
}

function intend(run: Run, wanted: string): Run {
  const [startBy, lastMoment] = [fromTimestamp(run.startBy), fromTimestamp(run.lastMoment)];
  if (startBy === undefined || lastMoment === undefined) return { ...run, wantedTtl: wanted };
  const last = Math.max(lastMoment, startBy + ttlSeconds(wanted) * 1000);
  return { ...run, wantedTtl: wanted, lastMoment: toTimestamp(last) };
}

function changed(run: Run, ttl: string): TtlStep {
  if (run.expiresAt === undefined) return { kind: 'same' };
  const next = withTtl(run, ttl);
  return { kind: 'write', run: next, events: [events.ttlChanged(next)] };
}

function isLonger(one: string, other: string): boolean {
  return parseDuration(one) > parseDuration(other);
}

function isSame(one: string, other: string): boolean {
  return parseDuration(one) === parseDuration(other);
}
