const newline = 0x0a;

/**
 * Splits a byte stream into lines of UTF-8. It cuts bytes, not characters: a newline byte is never part of a
 * multi-byte character, a chunk border may well be. Empty lines are left out; a last line without a newline counts.
 * @param maxBytes the longest line allowed, so that a broken server cannot fill our memory
 * @throws RangeError when a line is longer
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array): void => {
    length += part.length;
    if (length > maxBytes) throw new RangeError(`a line of the stream is longer than ${maxBytes} bytes`);
    parts.push(part);
  };
  const take = (): string => {
    const line = Buffer.concat(parts, length).toString('utf8');
    parts = [];
    length = 0;
    return line.trim();
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line) yield line;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  const rest = take();
  if (rest) yield rest;
}
