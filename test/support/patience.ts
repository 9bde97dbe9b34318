import { availableParallelism, loadavg } from 'node:os';

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
