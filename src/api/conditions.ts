import type { Condition } from './debugsession.ts';
import type { ConditionType } from './reasons.ts';
import { toTimestamp } from './time.ts';
import { oneLine } from '../text/one-line.ts';

/** The longest message of a condition or a run, in characters: as long as the note of an event may be. */
export const MAX_MESSAGE = 1024;

/** A condition as a phase wants it: times and generation are filled in by `mergeConditions`. */
export interface WantedCondition {
  type: ConditionType;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** The words change with every try (times, addresses), the reason does not: the first words for it stay. */
  keepsWords?: true;
}

export function condition(
  type: ConditionType,
  status: WantedCondition['status'],
  reason: string,
  message: string,
): WantedCondition {
  return { type, status, reason, message: oneLine(message, MAX_MESSAGE) };
}

/**
 * The wanted conditions, and no others, as the status carries them. `lastTransitionTime` moves only when the status of
 * its condition does (metav1.Condition), and starts anew with a new attempt, for which the caller passes no previous
 * ones.
 */
export function mergeConditions(
  previous: readonly Condition[],
  wanted: readonly WantedCondition[],
  at: { now: number; generation: number },
): Condition[] {
  return wanted.map(({ keepsWords, ...next }) => {
    const before = previous.find((candidate) => candidate.type === next.type);
    const isSame = before?.status === next.status;
    const lastTransitionTime = isSame ? before.lastTransitionTime : toTimestamp(at.now);
    const message = isSame && keepsWords === true && before.reason === next.reason ? before.message : next.message;
    return { ...next, message, observedGeneration: at.generation, lastTransitionTime };
  });
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((candidate) => candidate.type === type);
}
