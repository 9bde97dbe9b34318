const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;

/**
 * How long something that was tried in vain rests, in ms: 5 s, doubled with each try, up to `longestMs` (default: a
 * minute).
 */
export function retryPause(times: number, longestMs = LONGEST_MS): number {
  return Math.min(longestMs, FIRST_MS * 2 ** Math.min(times - 1, 10));
}
