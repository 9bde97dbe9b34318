import type { Condition, DebugSession, Run } from '../../api/debugsession.ts';
import { condition, findCondition, type WantedCondition } from '../../api/conditions.ts';
import { NO_ACTIONS, type Tried } from '../look/actions.ts';
import { mayEvict } from '../look/rules.ts';
import type { Sighting } from '../look/sighting.ts';
import { currentRun } from '../run/lifecycle.ts';
import { retryPause } from './retry.ts';
import type { Situation } from '../look/situation.ts';
import { LOOK_MS } from './stop.ts';

/**
 * `podAfterSession: Evict`, of the session or of its policy: whether the pod of a session that is over has to go yet. A
 * container that never started is no reason. One that started is, also where it said that it has run nothing: that is a
 * claim (docs/adr/0024).
 */
export function wantsRetirement(session: DebugSession, run: Run): boolean {
  if (mustRetire(run)) return owesRetirement(run);
  if (session.spec.podAfterSession !== 'Evict' || run.startedAt === undefined || run.podUID === undefined) return false;
  const isOver = run.state === 'Ended' || run.state === 'Failed';
  return isOver && run.podRetired === undefined;
}

/**
 * The policy demanded the retirement, and it is not done. The session is held until then, and no next attempt starts:
 * else a deletion, or an attempt in another pod, would be a way around it.
 */
export function owesRetirement(run: Run): boolean {
  return mustRetire(run) && run.podRetired !== true;
}

/** Its pod has to go, or had to, because the policy demanded it. */
export function mustRetire(run: Run): boolean {
  return isDemanded(run) && run.podUID !== undefined && hasRunAndEnded(run);
}

function isDemanded({ demanded }: Run): boolean {
  return demanded?.podAfterSession === 'Evict';
}

/** Whatever the record says became of it. One that started late has no time of its start. */
function hasRunAndEnded({ state, startedAt, exitCode, endedBy }: Run): boolean {
  if (state === 'StartedLate') return exitCode !== undefined || endedBy !== undefined;
  return startedAt !== undefined && (state === 'Ended' || state === 'Failed');
}

/** Nothing more is done about it: the pod is gone, or will not be evicted. */
export function isSettled({ status, reason }: Pick<Condition, 'status' | 'reason'>): boolean {
  return status === 'True' || reason === POLICY_DENIED;
}

/** Where the retirement of the pod stands, and what is to be done about it. */
export interface Retirement {
  condition?: WantedCondition;
  evict?: true;
  /** When to look again, or to try again. */
  at?: number;
}

const POLICY_DENIED = 'PolicyDenied';
const POLICY_NOT_FOUND = 'PolicyNotFound';
const NOT_KNOWN =
  'The policy does not exist or cannot be read, so it is not known whether it allows podAfterSession Evict';
const NOT_ALLOWED = 'The policy does not allow podAfterSession Evict (EvictPod in allow), so the pod stays';

/** The next step of a retirement: pure, from the pod as it was seen and what has been tried. */
export function nextRetirement(situation: Situation, run: Run): Retirement {
  const { session, sighting, rules } = situation;
  const said = findCondition(session.status?.conditions, 'PodRetired');
  const isSeen = sighting.kind === 'present' || sighting.kind === 'gone';
  const kept: Retirement = said === undefined ? {} : { condition: asWanted(said) };
  // Done, or not wanted any more: what was not done need not be waited for.
  if (!wantsRetirement(session, run)) return settledAs(session);
  if (!isSeen) return kept;
  const without = withoutEviction(sighting, run);
  if (without !== undefined) return { condition: retired('True', 'Retired', `Pod ${run.podName} ${without}`) };
  if (isDemanded(run)) return goOnEvicting(situation, run, kept);
  if (rules?.policy.kind !== 'found') return { condition: retired('False', POLICY_NOT_FOUND, NOT_KNOWN) };
  if (!mayEvict(rules)) return { condition: retired('False', POLICY_DENIED, NOT_ALLOWED) };
  return goOnEvicting(situation, run, kept);
}

/** The end of the retirement by the record of the newest run, also while the operator looks after an earlier run. */
function settledAs(session: DebugSession): Retirement {
  const run = currentRun(session);
  if (run?.podRetired === undefined) return {};
  const condition = run.podRetired
    ? retired('True', 'Retired', `Pod ${run.podName} is gone`)
    : retired('False', POLICY_DENIED, NOT_ALLOWED);
  // It may have been said in other words: that the pod is going, or has finished.
  return { condition: { ...condition, keepsWords: true } };
}

/** It has been told, and something has been done about it or is about to be. */
export function isUnderWay<T extends Pick<Condition, 'status' | 'reason'>>(said: T | undefined): said is T {
  return said !== undefined && !isSettled(said) && said.reason !== POLICY_NOT_FOUND;
}

function goOnEvicting({ now, actions = NO_ACTIONS }: Situation, run: Run, kept: Retirement): Retirement {
  const evicting = retired(
    'False',
    'Evicting',
    `The operator evicts pod ${run.podName}, because a session has run in it`,
  );
  const condition = isUnderWay(kept.condition) ? kept.condition : evicting;
  if (actions.underWay !== undefined) return { condition };
  const tried = actions.tried.Eviction;
  return tried === undefined
    ? { condition, evict: true }
    : afterEviction(run, tried, { said: condition, now, isSaid: actions.isSaid });
}

/** Why the pod need not be evicted (any more). */
function withoutEviction(sighting: Extract<Sighting, { kind: 'present' | 'gone' }>, run: Run): string | undefined {
  if (sighting.kind === 'gone' || sighting.pod.metadata.uid !== run.podUID) return 'is gone';
  const { metadata, status } = sighting.pod;
  if (metadata.deletionTimestamp !== undefined) return 'is terminating';
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? 'has finished' : undefined;
}

function afterEviction(
  run: Run,
  { outcome, at, times }: Tried,
  { said, now, isSaid }: { said: WantedCondition; now: number; isSaid: true | undefined },
): Retirement {
  if (outcome.kind === 'asked')
    return now < at + LOOK_MS.Eviction
      ? { condition: said, at: at + LOOK_MS.Eviction }
      : { condition: said, evict: true };
  const pause = retryPause(times);
  const reason = outcome.kind === 'blocked' ? 'EvictionBlocked' : 'EvictionFailed';
  const why = 'message' in outcome ? outcome.message : outcome.kind;
  const known = retired('False', reason, `The operator could not evict pod ${run.podName}: ${why}`);
  // The words may change with every try; the reason is what people wait on.
  const condition = said.reason === reason || isSaid === true ? said : known;
  return now >= at + pause ? { condition, evict: true } : { condition, at: at + pause };
}

function asWanted({ status, reason, message }: Condition): WantedCondition {
  return condition('PodRetired', status, reason, message);
}

function retired(status: 'True' | 'False', reason: string, message: string): WantedCondition {
  return condition('PodRetired', status, reason, message);
}
