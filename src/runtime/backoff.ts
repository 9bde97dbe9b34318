export interface BackoffOptions {
  /** The first delay, ms. */
  baseMs: number;
  /** No delay is longer, ms. */
  capMs: number;
  /** The share of a delay that is random, 0 to 1. Default 0.5: a delay lies between half of it and all of it. */
  jitter?: number;
  /** Default `Math.random`. */
  random?: () => number;
}

/**
 * The delay after the n-th failure in a row: it doubles up to the cap, and a part of it is random, so that what failed
 * together does not come back together (wait.Backoff). The jitter only shortens: the cap is a promise.
 * @param failures 1 for the first
 */
export function backoffDelay(failures: number, options: BackoffOptions): number {
  const { baseMs, capMs, jitter = 0.5, random = Math.random } = options;
  // 2 ** 1024 is Infinity, and the cap still holds.
  const full = Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 1));
  return full * (1 - jitter * random());
}
