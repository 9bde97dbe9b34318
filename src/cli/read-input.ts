import { createReadStream } from 'node:fs';
import { oneLine } from '../text/one-line.ts';

/** Far more than etcd takes (1.5 MiB an object), far less than would trouble the machine. */
const MAX_BYTES = 10 * 1024 * 1024;

/** What messages call a file that was named on the command line. */
export function sourceName(file: string): string {
  return file === '-' ? 'standard input' : oneLine(file);
}

/** The whole of a file as text, of standard input for `-`. Throws on anything unreadable, too large, or not UTF-8. */
export async function readInput(file: string): Promise<string> {
  const stream: AsyncIterable<Uint8Array> = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}
