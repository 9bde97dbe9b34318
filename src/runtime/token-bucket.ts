/** Allows a burst, then one for each `refillMs` (golang.org/x/time/rate's Limiter, client-go's flowcontrol). */
export class TokenBucket {
  readonly #burst: number;
  readonly #refillMs: number;
  /** Below 0: so many have been promised to those who wait. */
  #tokens: number;
  #at: number;

  /** @param now monotonic ms, here and below */
  constructor(burst: number, refillMs: number, now: number) {
    this.#burst = burst;
    this.#refillMs = refillMs;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes a token, if there is one. */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes a token that may not be there yet. @returns after how many ms it will be */
  reserve(now: number): number {
    this.#refill(now);
    this.#tokens--;
    return Math.max(0, -this.#tokens * this.#refillMs);
  }

  /** Gives a token back that was not used. Beyond the burst it is lost, with the next refill. */
  refund(now: number): void {
    this.#refill(now);
    this.#tokens++;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / this.#refillMs);
    this.#at = now;
  }
}
