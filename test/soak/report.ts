import type { Judged } from './verdict.ts';

/** All that a run found. */
export interface Found {
  commit: string;
  date: string;
  minutes: number;
  warmUpMinutes: number;
  /** In both namespaces. */
  sessions: number;
  ended: ReadonlyMap<string, number>;
  pods: number;
  kills: number;
  /** Leaders that lost their Lease, and so ended. */
  ends: number;
  restarts: number;
  samples: number;
  facts: number;
  judged: readonly Judged[];
  /** What an operator with nothing to do has, before the first session and after the last. */
  idle: readonly Idle[];
  /** Each a sentence; none in a good run. */
  faults: readonly string[];
}

export interface Idle {
  figure: string;
  before: number;
  after: number;
  met: boolean;
}

/** Characters of a fault that the report shows; the file of the samples has all of it. */
const SHOWN = 400;

/** What docs/reliability.md shows, as Markdown. */
export function reportOf(found: Found): string {
  const { commit, date, minutes, sessions, pods, kills, ends, restarts, facts } = found;
  const kinds = [...found.ended].sort((a, b) => b[1] - a[1]).map(([words, count]) => `${count} ${words}`);
  return [
    `\`make soak MINUTES=${minutes}\` at commit ${commit}, ${date.slice(0, 16)}Z:`,
    '',
    `- ${sessions} sessions in ${pods} pods: ${kinds.join(', ')}.`,
    `- ${kills} leaders killed, the API server restarted ${times(restarts)}, ${ends} more lost their Lease.`,
    `- ${facts} facts in the audit log.`,
    `- ${found.samples} samples after ${found.warmUpMinutes} minutes of warm-up.`,
    '',
    '| operator | figure | at first | at last | growth in an hour | goal | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...found.judged.map(rowOf),
    '',
    '| without sessions | before the load | after it | no more |',
    '| --- | --- | --- | --- |',
    ...found.idle.map(({ figure, before, after, met }) => `| ${figure} | ${before} | ${after} | ${said(met)} |`),
    '',
    ...(found.faults.length === 0
      ? ['Nothing stuck, nothing doubled, no broken promise.']
      : found.faults.map((fault) => `- ${fault.slice(0, SHOWN)}`)),
    '',
  ].join('\n');
}

function rowOf({ process, figure, first, last, line, goal, met }: Judged): string {
  const growth = `${line.perHour.toFixed(2)} ± ${(2 * line.error).toFixed(2)}`;
  return `| ${process} | ${figure} | ${first.toFixed(2)} | ${last.toFixed(2)} | ${growth} | ${goal} | ${met === undefined ? '' : said(met)} |`;
}

function said(met: boolean): string {
  return met ? 'yes' : '**no**';
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
