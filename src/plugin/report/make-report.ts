import type { Writable } from 'node:stream';
import { currentNamespace } from '../current-namespace.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { BLIND_SPOTS } from './blind-spots.ts';
import { isInPeriod, newestFirst } from './choose-rows.ts';
import { readPeriod } from './period.ts';
import type { Report } from './report.ts';
import { type ReportRow, rowsOf } from './row.ts';
import { reportText } from './text.ts';
import { totalsOf } from './totals.ts';
import { readSessionPages } from '../session-pages.ts';
import { widthOf } from '../width-of.ts';

/** The flags of the verb. */
export interface ReportOptions {
  allNamespaces?: boolean;
  since?: string;
  until?: string;
  requester?: string;
  output: 'table' | 'csv' | 'json' | 'html';
}

/**
 * Says who was in what, when, why, for how long, and how it ended.
 * @param namespace value of `--namespace`
 * @returns the exit code
 * @throws Fault
 */
export async function report(desk: Desk, options: ReportOptions, namespace: string | undefined): Promise<number> {
  const { kubectl, stdout, stderr } = desk;
  const now = desk.now();
  const period = readPeriod(options, now);
  const place = options.allNamespaces === true ? undefined : await currentNamespace(kubectl, namespace);
  let found: ReportRow[] = [];
  try {
    await readSessionPages(kubectl, place, {
      take: (sessions) => {
        const rows = sessions.flatMap((session) => rowsOf(session, now));
        found.push(
          ...rows
            .filter((row) => isInPeriod(row, period))
            .filter(({ requester }) => options.requester === undefined || requester === options.requester),
        );
        if (stderr.isTTY === true) desk.progress.wait(`Reading sessions: ${found.length} attempts so far`);
      },
      restart: () => void (found = []),
    });
  } catch (error) {
    throw place === undefined ? withHint(error) : error;
  } finally {
    desk.progress.done();
  }
  const rows = newestFirst(found);
  const made = { now, period, namespace: place, requester: options.requester, rows, totals: totalsOf(rows) };
  if (options.output === 'csv') for (const line of BLIND_SPOTS) stderr.write(`note: ${line}\n`);
  await writeAll(stdout, await partsOf(made, options.output, widthOf(stdout)));
  return 0;
}

/** Whoever may list in one namespace only has to be told so. */
function withHint(error: unknown): unknown {
  if (!(error instanceof Fault) || !/forbidden/i.test(error.message)) return error;
  return new Fault([...error.lines, 'leave out --all-namespaces to report one namespace']);
}

/** Each format is loaded by those who want it. */
async function partsOf(made: Report, output: ReportOptions['output'], width?: number): Promise<Iterable<string>> {
  switch (output) {
    case 'csv':
      return (await import('./csv.ts')).csvRecords(made.rows);
    case 'json':
      return (await import('./json.ts')).jsonParts(made);
    case 'html':
      return (await import('./html.ts')).htmlParts(made);
    case 'table':
      return [reportText(made, width)];
  }
}

/** Writes no faster than it is read, so that no more than a part is held. */
async function writeAll(out: Writable, parts: Iterable<string>): Promise<void> {
  for (const part of parts) if (!out.write(part)) await new Promise((resolve) => out.once('drain', resolve));
}
