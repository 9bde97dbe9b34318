import { findCondition } from '../../api/conditions.ts';
import { parseDuration } from '../../api/duration.ts';
import type { Run } from '../../api/debugsession.ts';
import { endOfSecond, fromTimestamp } from '../../api/time.ts';
import type { Situation } from '../look/situation.ts';
import { type Fate, FATES, fateOf } from '../run/fate.ts';

/**
 * When the record of a session that is over is to go (`spec.ttlAfterFinished`), in ms since the epoch; undefined:
 * never, as far as is known now.
 *
 * As with a Job (KEP-592), the time is that of a condition, on the operator's clock: completedAt may be a node's, an
 * hour off. And the condition is StopConfirmed: a record is not kept for less than its time after the last news there
 * was (docs/adr/0014).
 */
export function removalTime({ session, now }: Situation): number | undefined {
  const { metadata, spec, status } = session;
  if (spec.ttlAfterFinished === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const said = findCondition(status?.conditions, 'StopConfirmed');
  const saidAt = endOfSecond(said?.lastTransitionTime);
  if (saidAt === undefined) return undefined;
  const settled = (status?.runs ?? []).map((run) => settledAt(run, fateOf(run, now)));
  const at = Math.max(saidAt + parseDuration(spec.ttlAfterFinished), ...settled);
  return Number.isFinite(at) ? at : undefined;
}

/**
 * When nothing more can become known of a run's container, in ms since the epoch; Infinity: not as long as its pod
 * stands. Of a container that went with its pod nobody hears again: a node that was cut off ends a supervised one by
 * its last moment, and one without a supervisor at no known time.
 */
function settledAt(run: Run, fate: Fate): number {
  if (fate === 'podLost') return fromTimestamp(run.lastMoment) ?? Infinity;
  return FATES[fate].stop?.status === 'True' ? -Infinity : Infinity;
}
