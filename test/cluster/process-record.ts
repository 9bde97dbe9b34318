/** A process, named so that a later process with the same id is not taken for it. */
export interface ProcessRecord {
  readonly pid: number;
  /**
   * Clock ticks between boot and the start of the process: field 22 of /proc/PID/stat, see proc(5). It outlives exec.
   */
  readonly startTicks: string;
  readonly bootId: string;
}

/**
 * Reads a record: the boot id, a space, then the line the process found in its own /proc/self/stat. `undefined` when it
 * is cut short.
 */
export function parseRecord(text: string): ProcessRecord | undefined {
  const space = text.indexOf(' ');
  if (space < 1) return undefined;
  const stat = parseStat(text.slice(space + 1));
  return stat && { pid: stat.pid, startTicks: stat.startTicks, bootId: text.slice(0, space) };
}

interface Stat {
  pid: number;
  startTicks: string;
  state: string;
  threads: number;
}

/**
 * pid, start time, state and number of threads out of a line of /proc/PID/stat. The second field is a name in brackets
 * that may itself hold brackets and spaces.
 */
export function parseStat(line: string): Stat | undefined {
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTicks = fields[19];
  if (
    !Number.isInteger(pid) ||
    !line.includes(')') ||
    state === undefined ||
    !startTicks ||
    !/^\d+$/.test(startTicks)
  ) {
    return undefined;
  }
  return { pid, startTicks, state, threads: Number(fields[17]) };
}

/**
 * Is it this very process that runs now?
 * @param statLine what /proc/PID/stat says now, `undefined` when there is no such process.
 */
export function isAlive(record: ProcessRecord, bootId: string, statLine: string | undefined): boolean {
  if (record.bootId !== bootId || statLine === undefined) return false;
  const now = parseStat(statLine);
  if (now === undefined || now.startTicks !== record.startTicks) return false;
  // The first thread of a process that was killed is a zombie while the others still hold its ports; a zombie without
  // others has ended, and only its parent has not looked yet.
  return (now.state !== 'Z' && now.state !== 'X') || now.threads > 1;
}
