import { fromTimestamp } from '../../api/time.ts';
import { lengthOfTime } from '../words/length-of-time.ts';

/** Such as `12s ago`; empty where the time is unknown. The runtime writes the year 1970 where a start failed. */
export function ago(time: string | number | undefined, now: number): string {
  const ms = typeof time === 'string' ? fromTimestamp(time) : time;
  return ms === undefined || ms <= 0 ? '' : `${lengthOfTime(now - ms)} ago`;
}

/** The parts that say something. */
export function joined(parts: readonly (string | undefined)[], separator = ', '): string {
  return parts.filter((part) => part !== undefined && part !== '').join(separator);
}
