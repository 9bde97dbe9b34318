import { fromTimestamp } from '../../api/time.ts';

/** A moment as the clocks of this place show it, to the second; the text itself where it is no time. */
export function clockTime(timestamp: string): string {
  const ms = fromTimestamp(timestamp);
  if (ms === undefined) return timestamp;
  const time = new Date(ms);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
