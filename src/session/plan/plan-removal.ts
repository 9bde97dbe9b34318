import { parseDuration } from '../../api/duration.ts';
import { endOfSecond } from '../../api/time.ts';
import { findCondition } from '../../api/conditions.ts';
import { type Plan, wakeBy } from './effect.ts';
import type { Situation } from '../look/situation.ts';
import { nextConfirmation, stopConfirmation } from '../status/stop-confirmation.ts';

/** The end of `spec.ttlAfterFinished`: the record goes, or waits for its time. `step` is what is left to do for a record that stays. */
export function planRemoval(situation: Situation, step: Plan): Plan {
  const at = removalTime(situation);
  if (at === undefined) return step;
  // No event: it would be about an object that is not there, and gone within the hour. The audit log and ours have the deletion.
  return situation.now >= at ? { effect: { kind: 'delete' }, events: [] } : wakeBy(step, situation.now, at);
}

/**
 * When the record of a session that is over is to go, in ms since the epoch; undefined: never, as far as is known now.
 *
 * As with a Job (KEP-592), the time is that of a condition, on the operator's clock: completedAt may be a node's, an hour off. And the condition
 * is StopConfirmed: a record is not kept for less than its time after the last news there was (docs/adr/0014). The newest run is the one that
 * the condition is about; an earlier one may have a container as well that nobody has seen to end.
 */
function removalTime({ session, now }: Situation): number | undefined {
  const { metadata, spec, status } = session;
  if (spec.ttlAfterFinished === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const confirmed = findCondition(status?.conditions, 'StopConfirmed');
  const confirmedAt = confirmed?.status === 'True' ? endOfSecond(confirmed.lastTransitionTime) : undefined;
  if (confirmedAt === undefined) return undefined;
  const unconfirmed = (status?.runs ?? []).filter((run) => stopConfirmation(run, now).status !== 'True');
  const lastMoments = unconfirmed.map((run) => nextConfirmation(run, now) ?? Infinity);
  const at = Math.max(confirmedAt + parseDuration(spec.ttlAfterFinished), ...lastMoments);
  return Number.isFinite(at) ? at : undefined;
}
