import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { ReportRow } from './row.ts';
import { moment } from './text.ts';
import { isUnconfirmed } from './totals.ts';

/** The time that all lines of a report show, in ms since the epoch. */
export interface Axis {
  from: number;
  to: number;
}

/** With more attempts than these, bars share lanes and have no label. */
const MAX_LABELLED = 20;
/** Bars of a shared lane stand so far apart, as a part of the axis: a bar has a width that can be seen. */
const GAP = 0.004;
/** A line with more lanes would be longer than the table. The others are counted. */
const MAX_LANES = 40;
const LABEL_LENGTH = 32;
const HEIGHTS = { labelled: 22, shared: 9, axis: 22 };
/** A time line that shows one moment needs a width. */
const MIN_SPAN_MS = 60_000;

interface Bar {
  row: ReportRow;
  /** From 0 to 1. */
  start: number;
  end: number;
  lane: number;
}

/** The time that the lines show: the period, or from the first request in the report where it has no beginning. */
export function axisOf(rows: readonly ReportRow[], { since, until }: { since?: number; until: number }): Axis {
  const first = rows.reduce((least, row) => Math.min(least, beginOf(row) ?? least), until);
  const from = Math.min(since ?? first, until - MIN_SPAN_MS);
  return { from, to: until };
}

/** The attempts of a namespace over time, as SVG: its width is that of the page, its letters have one size. */
export function timeLine(rows: readonly ReportRow[], axis: Axis, name: string): Markup {
  const isLabelled = rows.length <= MAX_LABELLED;
  const { bars, left } = lanesOf(rows, axis, isLabelled);
  const lane = isLabelled ? HEIGHTS.labelled : HEIGHTS.shared;
  const lanes = bars.reduce((most, bar) => Math.max(most, bar.lane + 1), 0);
  const height = lanes * lane + HEIGHTS.axis;
  const label = `Time line of namespace ${name}, attempts: ${rows.length}`;
  const drawn = bars.map((bar) => barOf(bar, lane, isLabelled));
  const more = left === 0 ? undefined : markup`<figcaption>${left} more at the same times are not drawn.</figcaption>`;
  return markup`<figure>
<svg class="line" role="img" width="100%" height="${height}" aria-label="${label}">${ticks(axis, height)}${drawn}</svg>
${more}</figure>
`;
}

function beginOf({ started, asked, ended }: ReportRow): number | undefined {
  return fromTimestamp(started) ?? fromTimestamp(asked) ?? fromTimestamp(ended);
}

/** Puts each bar into the first lane that is free there. */
function lanesOf(rows: readonly ReportRow[], axis: Axis, isLabelled: boolean): { bars: Bar[]; left: number } {
  const share = (ms: number): number => Math.min(1, Math.max(0, (ms - axis.from) / (axis.to - axis.from)));
  const placed = rows
    .flatMap((row) => {
      const begin = beginOf(row);
      if (begin === undefined) return [];
      const end = fromTimestamp(row.ended) ?? axis.to;
      return [{ row, start: share(begin), end: share(Math.max(begin, end)) }];
    })
    .toSorted((one, other) => one.start - other.start);
  const busyUntil: number[] = [];
  const bars: Bar[] = [];
  for (const { row, start, end } of placed) {
    const free = isLabelled ? -1 : busyUntil.findIndex((until) => until + GAP <= start);
    const lane = free >= 0 ? free : busyUntil.length;
    if (lane >= MAX_LANES) continue;
    busyUntil[lane] = end;
    bars.push({ row, start, end, lane });
  }
  return { bars, left: placed.length - bars.length };
}

function barOf({ row, start, end, lane }: Bar, height: number, isLabelled: boolean): Markup {
  const y = lane * height;
  const [top, size] = isLabelled ? [y + 14, height - 15] : [y + 2, height - 4];
  const where = markup`x="${percent(start)}" y="${top}" width="${percent(end - start)}" height="${size}"`;
  const rect = markup`<rect class="${kindOf(row)}" ${where}><title>${barWords(row)}</title></rect>`;
  if (!isLabelled) return rect;
  // A label stands inside the page: behind the middle it ends where its bar does.
  const isRight = start > 0.5;
  const [x, anchor] = isRight ? [end, 'end'] : [start, 'start'];
  return markup`${rect}<text x="${percent(x)}" y="${y + 11}" text-anchor="${anchor}">${labelOf(row)}</text>`;
}

/** Classes of the style sheet. */
function kindOf(row: ReportRow): string {
  if (row.live) return 'live';
  if (isUnconfirmed(row)) return 'unsure';
  return row.started === undefined ? 'never' : 'over';
}

function labelOf({ session, attempt, requester }: ReportRow): string {
  const name = attempt === 1 ? session : `${session} #${attempt}`;
  return oneLine(requester === undefined ? name : `${name}, ${requester}`, LABEL_LENGTH);
}

function barWords(row: ReportRow): string {
  const from = moment(row.started ?? row.asked);
  return `${row.session} attempt ${row.attempt}, ${row.requester ?? 'requester unknown'}, ${from} to ${row.ended === undefined ? 'now' : moment(row.ended)}`;
}

/** Where lines stand on the axis, and how the ends of their labels lie. Between them there are lines without one. */
const TICKS: readonly [number, 'start' | 'middle' | 'end' | undefined][] = [
  [0, 'start'],
  [0.25, undefined],
  [0.5, 'middle'],
  [0.75, undefined],
  [1, 'end'],
];

function ticks({ from, to }: Axis, height: number): Markup[] {
  const bottom = height - HEIGHTS.axis;
  return TICKS.map(([share, anchor]) => {
    const x = percent(share);
    const line = markup`<line class="tick" x1="${x}" x2="${x}" y1="0" y2="${bottom + 3}"/>`;
    if (anchor === undefined) return line;
    // To the minute.
    const at = moment(new Date(from + share * (to - from)).toISOString()).slice(0, -3);
    return markup`${line}<text class="at" x="${x}" y="${bottom + 16}" text-anchor="${anchor}">${at}</text>`;
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`;
}
