import { availableParallelism, loadavg } from 'node:os';

/** How much slower than the machine where a bound was measured another may be, on which nothing else runs. */
const SLOWER = 3;

/**
 * How long something may take on this machine as it is now. A bound is meant for a machine that has a core for each
 * process that wants one. Where more of them want to run, each waits for its turn, and the bound grows with the load of
 * the last minute. So no test fails because the machine is slow or busy.
 * @param time of any unit
 */
export function patient(time: number): number {
  const [load = 0] = loadavg();
  return Math.ceil(time * SLOWER * Math.max(1, load / availableParallelism()));
}

/** How many ms it takes, for a test that says `at once` or `soon`. */
export async function msOf(task: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await task;
  return performance.now() - begin;
}

/** Jest ends a test after 15 minutes (jest.config.js), and cannot say what it waited for. */
const LONGEST_WAIT_MS = 800_000;

/**
 * How many ms a test waits for what comes in the end. A test that passes never uses them up: they only say how late a
 * broken one gives up. So no test has a bound of its own, and a machine that is ten times slower passes as well.
 */
export function longEnough(): number {
  return Math.min(patient(100_000), LONGEST_WAIT_MS);
}
