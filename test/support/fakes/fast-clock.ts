import type { Clock, Timer } from '../../../src/runtime/clock.ts';

/**
 * The system's clock, but so many times as fast: for tests over real connections, where a fake clock would not see what
 * the kernel does.
 */
export class FastClock implements Clock {
  readonly #times: number;
  readonly #pending = new Set<NodeJS.Timeout>();
  /** The length of every timer that was ever set, ms of this clock. */
  readonly timersSet: number[] = [];

  constructor(times: number) {
    this.#times = times;
  }

  now(): number {
    return this.monotonic();
  }

  monotonic(): number {
    return performance.now() * this.#times;
  }

  setTimer(ms: number, fn: () => void): Timer {
    this.timersSet.push(ms);
    const handle = setTimeout(() => {
      this.#pending.delete(handle);
      fn();
    }, ms / this.#times);
    this.#pending.add(handle);
    return {
      cancel: () => {
        clearTimeout(handle);
        this.#pending.delete(handle);
      },
    };
  }

  /** How many timers are waiting: a test of "nothing is left behind". */
  get timers(): number {
    return this.#pending.size;
  }
}
