import type { Writable } from 'node:stream';
import { Option } from 'commander';
import { currentNamespace } from '../current-namespace.ts';
import type { Desk } from '../desk.ts';
import { Fault } from '../fault.ts';
import { BLIND_SPOTS } from '../report/blind-spots.ts';
import { isInPeriod, newestFirst } from '../report/choose-rows.ts';
import { readPeriod } from '../report/period.ts';
import type { Report } from '../report/report.ts';
import { type ReportRow, rowsOf } from '../report/row.ts';
import { reportText } from '../report/text.ts';
import { totalsOf } from '../report/totals.ts';
import { readSessionPages } from '../session-pages.ts';
import { type AddVerb, deskOf, refuseCommand } from '../verb.ts';

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
        desk.progress.wait(`Reading sessions: ${found.length} attempts so far`);
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
  await writeAll(stdout, await partsOf(made, options.output, stdout.isTTY === true ? stdout.columns : undefined));
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
      return (await import('../report/csv.ts')).csvRecords(made.rows);
    case 'json':
      return (await import('../report/json.ts')).jsonParts(made);
    case 'html':
      return (await import('../report/html.ts')).htmlParts(made);
    case 'table':
      return [reportText(made, width)];
  }
}

/** Writes no faster than it is read, so that no more than a part is held. */
async function writeAll(out: Writable, parts: Iterable<string>): Promise<void> {
  for (const part of parts) if (!out.write(part)) await new Promise((resolve) => out.once('drain', resolve));
}

export const addReport: AddVerb = (root, invocation) => {
  root
    .command('report')
    .description('say who was in what, when, why, for how long, and how it ended')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--since <TIME>', 'attempts that were not over then: an age such as 30d, a date or a time')
    .option('--until <TIME>', 'attempts that were requested until then (default: now)')
    .option('--requester <NAME>', 'of this user only')
    .addOption(new Option('-o, --output <FORMAT>', 'format').choices(['table', 'csv', 'json', 'html']).default('table'))
    .action(async (options: ReportOptions) => {
      refuseCommand('report', invocation);
      const { namespace } = root.opts<{ namespace?: string }>();
      invocation.done(await report(deskOf(root, invocation), options, namespace));
    });
};
