import { backoffDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Why a key is tried again; up to half of each delay is taken off at random:
 *
 * | reason | delay | overall limit | such as |
 * | -------- | ---------------------------- | ------------- |
 * ----------------------------------------------------------------- |
 * | outdated | 50 ms, doubling up to 5 s | not counted | a conflict: what was read is old, and the watch brings what is
 * new |
 * | passing | 5 ms, doubling up to 5 s | counted | no answer, 429, 5xx |
 * | refused | 5 ms, doubling up to 300 s | counted | a missing right: nobody grants it within seconds |
 */
export type Retry = 'outdated' | 'passing' | 'refused';

const BACKOFF: Record<Retry, { baseMs: number; capMs: number }> = {
  // About what a watch needs; its event brings the key back sooner.
  outdated: { baseMs: 50, capMs: 5_000 },
  passing: { baseMs: 5, capMs: 5_000 },
  refused: { baseMs: 5, capMs: 300_000 },
};

export interface RateLimiterOptions {
  clock: Clock;
  random: () => number;
  /** Retries a second of all keys together; default 10. */
  qps?: number;
  /** How many retries may go at once after a quiet time; default 100. */
  burst?: number;
}

/**
 * How long a key waits before it is tried again: client-go's DefaultControllerRateLimiter, the longer of a backoff of
 * its own and of its place in the line of all. Retries alone stand in that line: what is added because something
 * changed does not.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #failures = new Map<string, number>();
  readonly #overall: TokenBucket;

  constructor({ clock, random, qps = 10, burst = 100 }: RateLimiterOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#overall = new TokenBucket(burst, 1000 / qps, clock.monotonic());
  }

  /**
   * Counts a failure of the key.
   * @returns ms until it is tried again, and whether a place in the line was taken for it: give it back with `cancel`
   * if the key comes back sooner
   */
  when(key: string, retry: Retry): { delayMs: number; inLine: boolean } {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const own = backoffDelay(failures, { ...BACKOFF[retry], random: this.#random });
    if (retry === 'outdated') return { delayMs: own, inLine: false };
    return { delayMs: Math.max(own, this.#overall.reserve(this.#clock.monotonic())), inLine: true };
  }

  /**
   * A place in the line was not needed. Without this the line would grow with each key that fails and is brought back
   * by a change, and those who still wait in it would wait long after the fault has passed.
   */
  cancel(): void {
    this.#overall.refund(this.#clock.monotonic());
  }

  /** How often the key has failed since it was forgotten (client-go's NumRequeues). */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key works again: its next failure is the first one. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  forgetAll(): void {
    this.#failures.clear();
  }

  /** The keys that have failed and were not forgotten. */
  keys(): Iterable<string> {
    return this.#failures.keys();
  }
}
