/**
 * A moment as meta/v1 MicroTime: RFC 3339 with exactly six digits after the second. The API server refuses any other
 * number of digits, so `toISOString` (three) will not do for Leases and Events.
 * @param ms since the epoch
 */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
