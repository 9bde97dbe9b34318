import { fromTimestamp, toTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { table } from '../table.ts';
import { counted } from '../words/counted.ts';
import { lengthOfTime } from '../words/length-of-time.ts';
import { BLIND_SPOTS } from './blind-spots.ts';
import type { Report } from './report.ts';
import type { ReportRow } from './row.ts';
import { isUnconfirmed, type Totals } from './totals.ts';

/** The report that people read on a terminal: what it is about, what it cannot know, the totals, a line an attempt. */
export function reportText(report: Report, width?: number): string {
  const { rows, namespace } = report;
  const head = [scopeWords(report), ...BLIND_SPOTS.map((line) => `note: ${line}`), totalsWords(report.totals)];
  const top = head.map((line) => `${line}\n`).join('');
  if (rows.length === 0) return top;
  const isOfAll = namespace === undefined;
  const header = [
    ...(isOfAll ? ['NAMESPACE'] : []),
    'ASKED',
    'SESSION',
    'POD',
    'USER',
    'RAN',
    'END',
    'CERTAIN',
    'REASON',
  ];
  const cells = rows.map((row) => [
    ...(isOfAll ? [row.namespace] : []),
    moment(row.asked ?? row.started ?? row.ended),
    row.attempt === 1 ? row.session : `${row.session} #${row.attempt}`,
    row.pod ?? '-',
    oneLine(row.requester ?? 'unknown', 40),
    row.durationSeconds === undefined ? '-' : lengthOfTime(row.durationSeconds * 1000),
    endWords(row),
    certainWords(row),
    row.reason ?? '',
  ]);
  return `${top}\n${table(header, cells, width)}`;
}

/** What a report is about, in one line. Times are UTC. */
export function scopeWords({ now, period, namespace, requester }: Report): string {
  const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
  const who = requester === undefined ? '' : `, requested by ${oneLine(requester, 200)}`;
  const since = period.since === undefined ? '' : ` from ${toTimestamp(period.since)}`;
  return `Debug sessions of ${where}${who},${since} until ${toTimestamp(period.until)}; made at ${toTimestamp(now)}; times in UTC`;
}

/** The totals in one line. */
export function totalsWords(totals: Totals): string {
  const { sessions, attempts, people, live, neverRan, notConfirmed, byPolicy } = totals;
  const policies = byPolicy.map(({ policy, attempts: count }) => `${policy} ${count}`).join(', ');
  return [
    `${counted(sessions, 'session')} with ${counted(attempts, 'attempt')}`,
    counted(people, 'requester'),
    `${live} live now`,
    `${neverRan} never ran`,
    `${notConfirmed} not confirmed ended`,
    ...(policies === '' ? [] : [`by policy: ${policies}`]),
  ].join('; ');
}

/** A moment to the second in UTC, such as `2026-11-28 09:15:00`; `-` where it is not known. */
export function moment(timestamp: string | undefined): string {
  const ms = fromTimestamp(timestamp);
  if (ms === undefined) return timestamp ?? '-';
  return toTimestamp(ms).replace('T', ' ').replace('Z', '');
}

/** How it ended in few words, such as `Supervisor, exit 129`, or where it stands. */
export function endWords({ state, live, endedBy, endReason, exitCode }: ReportRow): string {
  if (state === 'Waiting' || state === 'Starting' || state === 'Running') return state;
  const how = state === 'Failed' ? (endReason ?? 'Failed') : (endedBy ?? endReason ?? 'Ended');
  const code = exitCode === undefined ? '' : `, exit ${exitCode}`;
  return `${how}${code}${live ? ', runs again' : ''}`;
}

/** Whether it is certain that nothing of it runs. */
export function certainWords(row: ReportRow): string {
  if (row.ended === undefined) return '-';
  return isUnconfirmed(row) ? (row.stopConfirmed === 'False' ? 'no' : 'unknown') : 'yes';
}
