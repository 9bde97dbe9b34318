import { oneLine } from '../text/one-line.ts';
import { widthOf } from './width-of.ts';

/** Where progress is shown: standard error. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const CLEAR = '\r\u001b[K';
const TICK_MS = 1_000;
/** A wait gets its seconds from here on. */
const SHOWN_FROM_S = 2;
const NARROW = 20;

/** What a person is told while they wait: one line that changes on a terminal, a line for each change elsewhere. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #waiting: { text: string; since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isMuted = false;

  constructor(stream: ProgressStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  /** A line that stays. */
  say(text: string): void {
    this.#erase();
    this.#stream.write(`${oneLine(text)}\n`);
    this.#draw();
  }

  /** What is waited for now. The same words again change nothing. */
  wait(text: string): void {
    const words = oneLine(text);
    if (this.#isMuted) return;
    if (this.#waiting?.text === words) return;
    this.#waiting = { text: words, since: this.#now() };
    if (this.#stream.isTTY !== true) {
      this.#stream.write(`${words}\n`);
      return;
    }
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), TICK_MS).unref();
  }

  /** Nothing is waited for any more: the line that changes goes. */
  done(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
    this.#waiting = undefined;
  }

  /** Shows nothing that is waited for while somebody else has the terminal. */
  async mutedDuring<T>(act: () => Promise<T>): Promise<T> {
    this.done();
    this.#isMuted = true;
    try {
      return await act();
    } finally {
      this.#isMuted = false;
    }
  }

  #erase(): void {
    if (this.#waiting !== undefined && this.#stream.isTTY === true) this.#stream.write(CLEAR);
  }

  #draw(): void {
    if (this.#waiting === undefined || this.#stream.isTTY !== true) return;
    const seconds = Math.floor((this.#now() - this.#waiting.since) / 1000);
    const time = seconds < SHOWN_FROM_S ? '' : ` (${seconds}s)`;
    // A line that wraps could not be taken back.
    const room = Math.max(NARROW, (widthOf(this.#stream) ?? 80) - 1 - time.length);
    this.#stream.write(`${CLEAR}${oneLine(this.#waiting.text, room)}${time}`);
  }
}
