import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { UsageFault } from '../fault.ts';

/** The time that a report is about, in ms since the epoch. Without `since` it has no beginning. */
export interface Period {
  since?: number;
  until: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
};
/** As durations elsewhere (GEP-2257), and days and weeks, which a report is asked for by. */
const AGE = /^(?:\d{1,5}[wdhms]){1,5}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;
const MAX_QUOTE = 60;

/**
 * Reads `--since` and `--until`: an age such as `30d`, a date in UTC, or a time with its zone. A date is the whole day:
 * its first moment for `--since`, its last for `--until`.
 * @param now ms since the epoch; the end of a period that names none
 * @throws UsageFault where one of them is none of these, or the period ends before it begins
 */
export function readPeriod(flags: { since?: string; until?: string }, now: number): Period {
  const since = flags.since === undefined ? undefined : momentOf('--since', flags.since, { now, dayOffset: 0 });
  const until = flags.until === undefined ? now : momentOf('--until', flags.until, { now, dayOffset: DAY_MS - 1 });
  if (since === undefined) return { until };
  if (since > until) throw new UsageFault('the period ends before it begins: --since must be earlier than --until');
  return { since, until };
}

function momentOf(flag: string, text: string, { now, dayOffset }: { now: number; dayOffset: number }): number {
  if (AGE.test(text)) return now - ageOf(text);
  const isDate = DATE.test(text);
  const ms = isDate || TIMESTAMP.test(text) ? fromTimestamp(text) : undefined;
  // JavaScript takes February 30 for a day in March.
  const isReal = ms !== undefined && (!isDate || new Date(ms).toISOString().startsWith(text));
  if (isReal) return isDate ? ms + dayOffset : ms;
  throw new UsageFault(
    `${flag} must be an age such as 30d, 2w or 12h, a date such as 2026-11-28, or a time such as 2026-11-28T09:00:00Z, not ${JSON.stringify(oneLine(text, MAX_QUOTE))}`,
  );
}

function ageOf(text: string): number {
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d{1,5})([wdhms])/g))
    total += Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}
