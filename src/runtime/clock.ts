/** A timer that has not fired yet. Cancelling twice, or after it has fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as an argument (k8s.io/utils/clock), so that a test owns it. */
export interface Clock {
  /** Wall time in ms since the epoch: for what other machines read. It may jump. */
  now(): number;
  /** Monotonic ms since some start: for measuring and for deadlines of our own. */
  monotonic(): number;
  /** Runs `fn` once after `ms` milliseconds; any length is fine. */
  setTimer(ms: number, fn: () => void): Timer;
}

/** `setTimeout` fires at once for anything longer: it keeps the delay in a signed 32-bit integer. */
const longestTimeout = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(ms, fn) {
    let remaining = Math.max(0, ms);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const step = Math.min(remaining, longestTimeout);
      remaining -= step;
      handle = setTimeout(() => (remaining > 0 ? arm() : fn()), step);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `ms`, or at once when `signal` aborts (it never rejects: look at the signal afterwards).
 * The counterpart of `wait.UntilWithContext`'s select on a timer and a context.
 */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(ms, finish);
    signal.addEventListener('abort', finish);
  });
}
