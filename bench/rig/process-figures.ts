import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Inspector } from '../../test/support/cluster/inspector.ts';
import type { Operator } from './operator.ts';

/** Linux counts CPU time for user space in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;
/** Looks at the memory of a process at rest. */
const LOOKS = 10;

/** What a process takes, all in MB (10^6 bytes). */
export interface Memory {
  /** Resident, with the garbage it has not collected. */
  atRest: number;
  /** Resident after a forced collection. */
  collected: number;
  /** Of that in use by JavaScript: what it really keeps. */
  heap: number;
}

/** Resident memory in MB (10^6 bytes). @throws Error when there is no such process */
export function residentMegabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** CPU seconds that a process has used, user and system. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold blanks; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory once things are quiet: the lowest of ten looks. */
async function megabytesAtRest(pid: number, seconds: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS; look += 1) {
    await delay((seconds * 1_000) / LOOKS);
    lowest = Math.min(lowest, residentMegabytes(pid));
  }
  return lowest;
}

/** @param seconds to wait for rest, and again half as long after the collection: pages are given back bit by bit */
export async function memoryOf({ pid, ports }: Operator, seconds: number): Promise<Memory> {
  const atRest = await megabytesAtRest(pid, seconds);
  const inspector = await Inspector.open(pid, ports.inspector);
  const heap = await inspector.heap().finally(() => inspector.close());
  return { atRest, collected: await megabytesAtRest(pid, seconds / 2), heap };
}

/** Percent of one core over a while. */
export async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const [before, begin] = [cpuSeconds(pid), performance.now()];
  await delay(seconds * 1_000);
  return ((cpuSeconds(pid) - before) / ((performance.now() - begin) / 1_000)) * 100;
}
