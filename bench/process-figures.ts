import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './statistics.ts';

/** Linux counts CPU time for user space in hundredths of a second (USER_HZ), whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

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

/** Resident memory once things are quiet: the median of five looks, a second apart, after `settleMs`. */
export async function settledMegabytes(pid: number, settleMs: number): Promise<number> {
  await delay(settleMs);
  const looks: number[] = [];
  for (let look = 0; look < 5; look += 1) {
    looks.push(residentMegabytes(pid));
    await delay(1_000);
  }
  return median(looks);
}

/** Percent of one core over a while. */
export async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const [before, begin] = [cpuSeconds(pid), performance.now()];
  await delay(seconds * 1_000);
  return ((cpuSeconds(pid) - before) / ((performance.now() - begin) / 1_000)) * 100;
}
