/** RFC 3339 in UTC to the second, as metav1.Time is written. */
export function toTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since the epoch, or undefined where the text is absent or no time. */
export function fromTimestamp(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The beginning of a second, as a timestamp of ours says it. */
export function floorToSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/**
 * The last millisecond that a timestamp of ours may stand for. They are cut to the second, so a deadline that counts
 * from one must count from here, or a timeout of one second could be over after a moment.
 */
export function endOfSecond(text: string | undefined): number | undefined {
  const ms = fromTimestamp(text);
  return ms === undefined ? undefined : floorToSecond(ms) + 999;
}
