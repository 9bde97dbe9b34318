import type { Readable } from 'node:stream';

/** Everything that comes out of a stream, as UTF-8. Empty where there is none. Rejects when the stream breaks. */
export async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
