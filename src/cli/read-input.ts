import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { oneLine } from '../text/one-line.ts';

/** Far more than etcd takes (1.5 MiB an object), far less than would trouble the machine. */
const MAX_BYTES = 10 * 1024 * 1024;

/** What messages call a file that was named on the command line. */
export function sourceName(file: string): string {
  return file === '-' ? 'standard input' : oneLine(file);
}

/** What a file that cannot be opened has to be told about, instead of the words of the system. */
const TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder: name a file',
  EACCES: 'may not be read: look at its permissions',
};

export type Input =
  | { kind: 'text'; text: string }
  /** One printable line, with the name of the file. */
  | { kind: 'unreadable'; fault: string };

/** The whole of a file as text, of standard input for `-`; with 10 MiB at most, and UTF-8. */
export async function readInput(file: string): Promise<Input> {
  const stream: AsyncIterable<Uint8Array> = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return unreadable(file, `more than ${MAX_BYTES / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return unreadable(file, TROUBLE[code] ?? message);
  }
  const whole = Buffer.concat(chunks);
  if (!isUtf8(whole)) return unreadable(file, 'is not UTF-8 text');
  // The decoder takes a byte order mark away.
  return { kind: 'text', text: new TextDecoder().decode(whole) };
}

function unreadable(file: string, fault: string): Input {
  return { kind: 'unreadable', fault: oneLine(`${sourceName(file)}: ${fault}`, 2_000) };
}
