import type { Clock, Timer } from '../../../src/runtime/clock.ts';

interface Pending {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock that stands still until it is told to move. Timers run in the order they are due, each at its own moment. */
export class FakeClock implements Clock {
  readonly #epoch: number;
  #elapsed = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** @param epoch wall time at the start, ms since 1970. */
  constructor(epoch = Date.parse('2026-01-01T00:00:00Z')) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(ms: number, fn: () => void): Timer {
    const entry = { at: this.#elapsed + Math.max(0, ms), order: this.#order++, fn };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** How many timers are waiting: a test of "nothing is left behind". */
  get timers(): number {
    return this.#pending.size;
  }

  /** Ms until the next timer, or undefined when none waits. */
  get nextTimer(): number | undefined {
    const next = this.#next();
    return next && next.at - this.#elapsed;
  }

  /** Moves time and runs what is due, synchronously. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) this.#fire(next);
    this.#elapsed = end;
  }

  /** Like `advance`, but lets promises (and I/O that is ready) settle before and after every timer. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#elapsed = end;
  }

  #fire(entry: Pending): void {
    this.#pending.delete(entry);
    this.#elapsed = Math.max(this.#elapsed, entry.at);
    entry.fn();
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const entry of this.#pending) {
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

/** Lets every promise chain that can make progress make it. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
