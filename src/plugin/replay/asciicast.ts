import { oneLine } from '../../text/one-line.ts';
import type { ScreenFilter } from './screen-filter.ts';
import type { TimedLine } from './timed-line.ts';

/** What stands at the top of a recording. */
export interface CastHead {
  /** When the container started, in ms since the epoch; the first line may be later. */
  begin: number;
  title: string;
  /** Columns and rows of the terminal. */
  size: { columns: number; rows: number };
  /** The longest pause that a player makes, in seconds. Absent: each as it was. */
  idleLimit?: number | undefined;
}

/**
 * The lines of an asciicast (version 2, docs.asciinema.org/manual/asciicast/v2): a header, then an event for each line
 * of the log, with the seconds since the start.
 */
export function* castLines(lines: readonly TimedLine[], filter: ScreenFilter, head: CastHead): Generator<string> {
  const { title, size, idleLimit } = head;
  const begin = Math.min(head.begin, lines[0]?.at ?? head.begin);
  const header = {
    version: 2,
    width: size.columns,
    height: size.rows,
    timestamp: Math.floor(begin / 1000),
    ...(idleLimit !== undefined && { idle_time_limit: idleLimit }),
    title: oneLine(title),
  };
  yield `${JSON.stringify(header)}\n`;
  for (const { at, text } of lines) {
    const shown = filter.show(text);
    if (shown !== '') yield `${JSON.stringify([(at - begin) / 1000, 'o', shown])}\n`;
  }
}
