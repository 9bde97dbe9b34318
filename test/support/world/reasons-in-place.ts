import type { Condition, Phase } from '../../../src/api/debugsession.ts';
import { PLACES, type ReasonPlace, type ReasonRow, REASONS } from '../../../src/api/reason-catalogue.ts';

type Rows = { [place in ReasonPlace]?: ReasonRow };

const FINAL = (Object.keys(PLACES) as ReasonPlace[]).filter((place) => PLACES[place].isFinal && place !== 'complete');

/**
 * Which rows of src/api/reason-catalogue.ts the reasons of these conditions lack, each a sentence that says what to
 * add.
 */
export function missingRows(phase: Phase, conditions: readonly Condition[]): string[] {
  return conditions.flatMap((condition) => {
    const { type, status, reason } = condition;
    const rows: Rows | undefined = Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS] : undefined;
    const places = placesOf(condition, phase);
    const fits = places.some((place) => rows?.[place] !== undefined && isSaidOf(rows[place], condition));
    if (fits) return [];
    const lacks = rows === undefined ? `an entry ${reason}` : `a row of ${reason} under ${places.join(' or ')}`;
    return [`${type}=${status} ${reason} in phase ${phase}: src/api/reason-catalogue.ts lacks ${lacks}`];
  });
}

function placesOf({ type, status }: Condition, phase: Phase): ReasonPlace[] {
  const isTrue = status === 'True';
  if (type === 'StopConfirmed') return ['stopConfirmed'];
  if (type === 'PodRetired') return ['podRetired'];
  if (type === 'DeletionWaiting') return ['deletionWaiting'];
  if (type === 'Complete') return ['complete'];
  if (type === 'Failed' || type === 'Stalled') return FINAL;
  if (isTrue && type !== 'Reconciling') return ['reached'];
  // Beside a container that runs, or a run that is over, a raised attempt waits.
  const isNext = type === 'Reconciling' && phase !== 'Starting' && phase !== 'Ending';
  if (phase === 'Pending' || isNext) return ['waiting'];
  if (phase === 'Starting') return ['starting'];
  if (phase === 'Ending') return ['stopConfirmed'];
  // What was not reached has the reason of the end; a wait that was given up leaves Accepted as it was.
  return status === 'Unknown' ? ['waiting'] : [...FINAL, 'complete'];
}

function isSaidOf({ with: said }: ReasonRow, { type, status }: Condition): boolean {
  // Reconciling has the reason of what is being done, and a status of its own.
  if (said === undefined || type === 'Reconciling') return true;
  return said === status || said === `${type}=${status}`;
}
