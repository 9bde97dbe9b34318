import { stepwise } from './stepwise.ts';

const newline = 0x0a;

/**
 * Splits a byte stream into lines of UTF-8. It cuts bytes, not characters: a newline byte is never part of a
 * multi-byte character, a chunk border may well be. Empty lines are left out; a last line without a newline counts.
 * @param maxBytes the longest line allowed, so that a broken server cannot fill our memory
 * @throws RangeError when a line is longer
 */
export function splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncIterableIterator<string, undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const line = new Line(maxBytes);
  /** The bytes of the last chunk that are not read yet. */
  let rest: Uint8Array | undefined;
  let isOpen = true;
  const fill = async (): Promise<void> => {
    const read = (await source.next()) as IteratorResult<Uint8Array, undefined>;
    isOpen = read.done !== true;
    rest = read.value;
  };
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      while (rest !== undefined) {
        const end = rest.indexOf(newline);
        line.add(end < 0 ? rest : rest.subarray(0, end));
        rest = end < 0 ? undefined : rest.subarray(end + 1);
        const whole = end < 0 ? '' : line.take();
        if (whole) return whole;
      }
      if (!isOpen) return undefined;
      await fill();
      if (!isOpen) return line.take() || undefined;
    }
  };
  return stepwise({ next, end: () => void source.return?.().catch(() => undefined) });
}

/** The beginning of a line, until its end comes. */
class Line {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > this.#maxBytes)
      throw new RangeError(`a line of the stream is longer than ${this.#maxBytes} bytes`);
    this.#parts.push(part);
  }

  /** The line, and begins the next. */
  take(): string {
    const text = Buffer.concat(this.#parts, this.#length).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return text.trim();
  }
}
