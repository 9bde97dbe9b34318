import { setTimeout as delay } from 'node:timers/promises';
import type { Writable } from 'node:stream';
import type { ScreenFilter } from './screen-filter.ts';
import type { TimedLine } from './timed-line.ts';

/** How fast a recording is shown. */
export interface Pace {
  /** 2: twice as fast as it was. */
  speed: number;
  /** The longest pause, in seconds. */
  idleLimit: number;
}

/** The pause before a line that came so many ms after the one above, in ms. */
export function pauseOf(gapMs: number, { speed, idleLimit }: Pace): number {
  return Math.min(gapMs / speed, idleLimit * 1000);
}

/**
 * Shows the lines as they came, and brings the terminal back at the end.
 * @param signal ends it early
 * @returns whether all of it was shown
 */
export async function play(
  out: Writable,
  lines: readonly TimedLine[],
  filter: ScreenFilter,
  { signal, ...pace }: Pace & { signal: AbortSignal },
): Promise<boolean> {
  let before = lines[0]?.at ?? 0;
  try {
    for (const { at, text } of lines) {
      const pause = pauseOf(at - before, pace);
      before = at;
      // Many lines of one moment need no timer each.
      if (pause >= 1) await delay(pause, undefined, { signal });
      signal.throwIfAborted();
      await write(out, filter.show(text));
    }
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    return false;
  } finally {
    await write(out, filter.reset());
  }
}

async function write(out: Writable, text: string): Promise<void> {
  if (text !== '' && !out.write(text)) await new Promise((resolve) => out.once('drain', resolve));
}
