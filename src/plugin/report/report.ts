import type { Period } from './period.ts';
import type { ReportRow } from './row.ts';
import type { Totals } from './totals.ts';

/** Everything that a report says, whatever its format. */
export interface Report {
  /** When it was made, in ms since the epoch. */
  now: number;
  period: Period;
  /** Absent: of all namespaces. */
  namespace?: string | undefined;
  /** Absent: of everybody. */
  requester?: string | undefined;
  /** The newest first. */
  rows: readonly ReportRow[];
  totals: Totals;
}
