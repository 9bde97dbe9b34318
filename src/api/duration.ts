/**
 * GEP-2257: one to four groups of digits and a unit. Go's and the Gateway API's notation without fractions and signs.
 */
const DURATION = /^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/;
const GROUP = /([0-9]{1,5})(ms|h|m|s)/g;
const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Longest duration that a session accepts, in ms (8760 h, one year). */
export const MAX_DURATION_MS = 8_760 * 3_600_000;

/** Milliseconds of a GEP-2257 duration. Throws RangeError on anything else; the CRD has refused it long before. */
export function parseDuration(text: string): number {
  if (!DURATION.test(text)) throw new RangeError(`not a duration such as 30m or 1h30m: ${JSON.stringify(text)}`);
  let total = 0;
  for (const [, digits, unit] of text.matchAll(GROUP)) total += Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

/** The same, and `otherwise` for what is no duration. */
export function durationOr(text: string, otherwise: number): number {
  try {
    return parseDuration(text);
  } catch {
    return otherwise;
  }
}
