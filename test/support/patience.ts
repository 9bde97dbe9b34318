import { availableParallelism, loadavg } from 'node:os';

/**
 * How long a test waits for what should take a moment. A test that passes never uses it up: it only says how late a
 * broken one gives up. A test that waits for a time in its session (a TTL, a startTimeout) adds that time.
 */
export const LONG_ENOUGH_MS = 120_000;

/**
 * How long something may take on this machine as it is now. A bound is meant for a machine that has a core for each
 * process that wants one. Where more of them want to run, each waits for its turn, and the bound grows with the load of
 * the last minute. So no test fails because the machine is busy.
 * @param time of any unit
 */
export function patient(time: number): number {
  const [load = 0] = loadavg();
  return Math.ceil(time * Math.max(1, load / availableParallelism()));
}
