import type { Clock } from '../runtime/clock.ts';

/** How long it is left alone after a failure, in ms. */
const PAUSE_MS = 60_000;

/**
 * What failed a moment ago is not asked for again at once: a right that is missing, an API that is not installed, or
 * one that does not answer would cost every session a request, or a second.
 */
export class Avoidance {
  readonly #clock: Clock;
  /** On the monotonic clock, by what was asked for. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isAvoided(what: string): boolean {
    const until = this.#until.get(what);
    return until !== undefined && this.#clock.monotonic() < until;
  }

  /** It has failed: not again before the pause is over. */
  avoid(what: string): void {
    const now = this.#clock.monotonic();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    this.#until.set(what, now + PAUSE_MS);
  }
}
