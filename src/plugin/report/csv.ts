import { oneLine } from '../../text/one-line.ts';
import type { ReportRow } from './row.ts';

/** The columns of the CSV, by the names that JSON has. */
export const CSV_COLUMNS = [
  'namespace',
  'session',
  'attempt',
  'requester',
  'requesterFrom',
  'reason',
  'policy',
  'allowances',
  'pod',
  'node',
  'joined',
  'container',
  'image',
  'imageID',
  'command',
  'attachers',
  'asked',
  'started',
  'ended',
  'durationSeconds',
  'deadline',
  'state',
  'live',
  'endedBy',
  'endReason',
  'endMessage',
  'exitCode',
  'stopConfirmed',
  'stopMessage',
  'during',
  'changed',
  'podUID',
  'uid',
] as const satisfies readonly (keyof ReportRow)[];

/** RFC 4180: CRLF ends every record. */
const END = '\r\n';
/** What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection), in full width as well. */
const FORMULA = /^[=+\-@\t\r\0＝＋－＠]/;
/**
 * The same behind a semicolon: a spreadsheet whose list separator that is ends a cell there, whatever quotes stand
 * around it.
 */
const FORMULA_INSIDE = /(;\s*)(?=[=+\-@＝＋－＠])/g;

/** The records of a CSV (RFC 4180), the header first. A spreadsheet computes nothing that stands in them. */
export function* csvRecords(rows: readonly ReportRow[]): Generator<string> {
  yield `${CSV_COLUMNS.join(',')}${END}`;
  for (const row of rows) yield `${CSV_COLUMNS.map((column) => csvField(row[column])).join(',')}${END}`;
}

/** One field. Text that a spreadsheet would compute gets an apostrophe in front, which makes it a text. */
export function csvField(value: string | number | boolean | readonly string[] | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = oneLine(typeof value === 'string' ? value : value.join('; ')).replaceAll(FORMULA_INSIDE, "$1'");
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
