import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Words of kubectl that are followed by this many milliseconds of silence are for a person who is to answer: they are
 * shown at once.
 */
const PATIENCE_MS = 500;

/** Lines of kubectl's own log, for people who mend kubectl. */
const LOG_LINE = /^[EWIF]\d{4} .*\n?/gm;

/**
 * Listens to what a kubectl says on standard error, such as the device code of a credential plugin that waits.
 * @param stderr gets what was said before a silence
 * @returns once it has ended, everything that was not shown
 */
export async function overhear(child: ChildProcess, stderr: Writable): Promise<string> {
  let held = '';
  let timer: NodeJS.Timeout | undefined;
  const show = (): void => {
    stderr.write(held.replace(LOG_LINE, ''));
    held = '';
  };
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    held += text;
    clearTimeout(timer);
    timer = setTimeout(show, PATIENCE_MS);
  });
  await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  clearTimeout(timer);
  return held;
}
