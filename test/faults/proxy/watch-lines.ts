import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import type { Asked } from './asked.ts';

/** What becomes of one line of a watch: the lines to send in its place, now or later. */
export type LineFault = (asked: Asked, line: string) => string[] | Promise<string[]>;

/** Hands on the lines of a watch, in their order, until one of the two sides ends. */
export async function passLines(
  from: IncomingMessage,
  to: ServerResponse,
  change: (line: string) => string[] | Promise<string[]>,
): Promise<void> {
  const lines = createInterface({ input: from });
  // After the last line nobody iterates: a connection that is cut then would end the process.
  lines.on('error', () => undefined);
  for await (const line of lines) {
    for (const out of await change(line)) {
      if (to.destroyed) return;
      if (!to.write(`${out}\n`)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
  }
  to.end();
}
