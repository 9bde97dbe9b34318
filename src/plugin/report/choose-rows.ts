import { fromTimestamp } from '../../api/time.ts';
import type { Period } from './period.ts';
import type { ReportRow } from './row.ts';

/** Whether the attempt was there in the period: requested before its end, and not over before its beginning. */
export function isInPeriod(row: ReportRow, { since, until }: Period): boolean {
  const [from, to] = spanOf(row);
  return (from === undefined || from <= until) && (since === undefined || to === undefined || to >= since);
}

/** From the request to the end, in ms since the epoch. Undefined: not known, or not over. */
function spanOf({ asked, started, ended }: ReportRow): [number | undefined, number | undefined] {
  return [fromTimestamp(asked) ?? fromTimestamp(started) ?? fromTimestamp(ended), fromTimestamp(ended)];
}

/** The newest first; of the same moment by name and attempt, so that a report comes out the same twice. */
export function newestFirst(rows: readonly ReportRow[]): ReportRow[] {
  return rows.toSorted(
    (one, other) =>
      (spanOf(other)[0] ?? 0) - (spanOf(one)[0] ?? 0) ||
      compare(one.namespace, other.namespace) ||
      compare(one.session, other.session) ||
      other.attempt - one.attempt,
  );
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
