import { describe, expect, it } from '@jest/globals';
import { BLIND_SPOTS } from '../../../../src/plugin/report/blind-spots.ts';
import { newestFirst } from '../../../../src/plugin/report/choose-rows.ts';
import { CSV_COLUMNS, csvField, csvRecords } from '../../../../src/plugin/report/csv.ts';
import { jsonParts } from '../../../../src/plugin/report/json.ts';
import type { Report } from '../../../../src/plugin/report/report.ts';
import { type ReportRow, rowsOf } from '../../../../src/plugin/report/row.ts';
import { reportText } from '../../../../src/plugin/report/text.ts';
import { totalsOf } from '../../../../src/plugin/report/totals.ts';
import { manySessions } from '../../../support/builders/many-sessions.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

function reportOf(count: number, more: Partial<ReportRow> = {}): Report {
  const rows = newestFirst(manySessions(count, NOW).flatMap((session) => rowsOf(session, NOW)));
  const changed = rows.map((row) => ({ ...row, ...more }));
  return { now: NOW, period: { until: NOW }, rows: changed, totals: totalsOf(changed) };
}

/** A strict reader of RFC 4180: every record ends with CRLF, a quote stands only around a field or doubled in it. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let rest = text;
  while (rest !== '') {
    const record: string[] = [];
    for (;;) {
      const field = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
      if (field === null) throw new Error(`no field of RFC 4180: ${rest.slice(0, 80)}`);
      record.push(field[1]?.replaceAll('""', '"') ?? field[2] ?? '');
      rest = rest.slice(field[0].length);
      if (field[3] === '\r\n') break;
    }
    records.push(record);
  }
  return records;
}

describe('CSV', () => {
  it('the CSV report has a header and a record for each attempt, all of the same width', () => {
    const report = reportOf(50);
    const [header, ...records] = readCsv([...csvRecords(report.rows)].join(''));
    expect(header).toEqual(CSV_COLUMNS);
    expect(records).toHaveLength(report.rows.length);
    expect(new Set(records.map(({ length }) => length))).toEqual(new Set([CSV_COLUMNS.length]));
    expect(records.map((record) => record[1])).toEqual(report.rows.map(({ session }) => session));
  });

  it('the CSV report without sessions has only its header', () => {
    expect(readCsv([...csvRecords([])].join(''))).toEqual([CSV_COLUMNS]);
  });

  it('the CSV report has a column for every field of a row, and none twice', () => {
    const known = new Set(reportOf(100).rows.flatMap((row) => Object.keys(row)));
    expect(new Set(CSV_COLUMNS).size).toBe(CSV_COLUMNS.length);
    expect([...known].filter((key) => !(CSV_COLUMNS as readonly string[]).includes(key))).toEqual([]);
  });

  it.each([
    ['a comma', 'a,b', '"a,b"'],
    ['quotes', 'say "a"', '"say ""a"""'],
    ['a line break, which is no printable character', 'a\r\nb', 'a b'],
    ['nothing', undefined, ''],
    ['a number', -1, '-1'],
    ['a list', ['a', 'b'], 'a; b'],
  ])('csvField writes %s', (_, value, field) => {
    expect(csvField(value)).toBe(field);
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'=1"],
    ['\r=1', "'=1"],
    ['\u0000=1', "'=1"],
    [' =1', "'=1"],
    ['＝1', "'＝1"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['x;=1+1', "x;'=1+1"],
    ['x; @y', "x; '@y"],
  ])('csvField lets no spreadsheet compute %j', (value, field) => {
    expect(csvField(value)).toBe(field);
  });
});

describe('JSON', () => {
  it.each([0, 1, 500])('the JSON report is one document with the totals and %d sessions', (count) => {
    const report = reportOf(count);
    const read = JSON.parse([...jsonParts(report)].join('')) as {
      madeAt: string;
      until: string;
      cannotKnow: string[];
      totals: object;
      attempts: ReportRow[];
    };
    expect(read).toMatchObject({
      madeAt: '2026-11-28T12:00:00Z',
      until: '2026-11-28T12:00:00Z',
      totals: report.totals,
    });
    expect(read.cannotKnow).toEqual(BLIND_SPOTS);
    expect(read.attempts).toEqual(report.rows);
  });
});

describe('the table', () => {
  it('the table begins with the blind spots and the totals, and then has a line for each attempt', () => {
    const lines = reportText(reportOf(3)).split('\n');
    expect(lines[0]).toMatch(/^Debug sessions of all namespaces, until 2026-11-28T12:00:00Z; .*times in UTC$/);
    expect(lines.slice(1, 1 + BLIND_SPOTS.length)).toEqual(BLIND_SPOTS.map((line) => `note: ${line}`));
    expect(lines[BLIND_SPOTS.length + 1]).toMatch(
      /^3 sessions with 3 attempts; 1 requester; \d live now; .*by policy: /,
    );
    expect(lines[BLIND_SPOTS.length + 3]).toMatch(/^NAMESPACE +ASKED +SESSION +POD +USER +RAN +END +CERTAIN +REASON$/);
    expect(lines.at(-2)).toMatch(/^\S+ +2026-\d\d-\d\d \d\d:\d\d:\d\d +web-xxxx0 +\S+ +dana@example\.com +\S+ /);
  });

  it('the table about one namespace has no column for the namespace', () => {
    expect(reportText({ ...reportOf(1), namespace: 'shop' })).toMatch(/^ASKED +SESSION/m);
  });

  it('the report without sessions has no table', () => {
    const text = reportText(reportOf(0));
    expect(text).toMatch(/^0 sessions with 0 attempts/m);
    expect(text).not.toContain('SESSION');
  });

  it('the table is not wider than the terminal', () => {
    const [, table = ''] = reportText(reportOf(20), 100).split('\n\n');
    expect(Math.max(...table.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });
});
