import type { Clock, Timer } from '../../../src/runtime/clock.ts';

/**
 * The clock of one process among several: it runs faster or slower than the others, and it can stand still while time
 * goes on.
 */
export class DriftingClock implements Clock {
  readonly #base: Clock;
  readonly #rate: number;
  /** Timers that came due in a frozen process. */
  #overdue: (() => void)[] | undefined;

  /** @param rate seconds of this clock for one of `base` */
  constructor(base: Clock, rate: number) {
    this.#base = base;
    this.#rate = rate;
  }

  now(): number {
    return this.#base.now();
  }

  monotonic(): number {
    return this.#base.monotonic() * this.#rate;
  }

  setTimer(ms: number, fn: () => void): Timer {
    let isCancelled = false;
    const fire = (): void => {
      if (!isCancelled) fn();
    };
    const timer = this.#base.setTimer(ms / this.#rate, () => (this.#overdue ? this.#overdue.push(fire) : fire()));
    const cancel = (): void => {
      isCancelled = true;
      timer.cancel();
    };
    return { cancel };
  }

  /**
   * No timer fires for so long (by `base`); all that came due fire then. Its monotonic time goes on, as after a
   * SIGSTOP.
   */
  freeze(ms: number): void {
    if (this.#overdue) return;
    this.#overdue = [];
    this.#base.setTimer(ms, () => {
      const overdue = this.#overdue ?? [];
      this.#overdue = undefined;
      for (const fire of overdue) fire();
    });
  }
}
