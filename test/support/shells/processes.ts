import { readdirSync, readFileSync } from 'node:fs';

// The processes of this machine, as /proc has them.

/**
 * A pid and its start, which no other process has: where two are equal the process lives, or was dead already the first
 * time.
 */
export function fingerprint(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? `${pid} is dead` : `${pid} ${rest[18]}`;
  } catch {
    return `${pid} is gone`;
  }
}

/** Empty for a process that is gone. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** As `ps` shows it; empty for a zombie. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The pids of its children, zombies too. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

/** The pids of all below it, each before its own children. */
export function descendants(parent: number): number[] {
  return childrenOf(parent).flatMap((pid) => [pid, ...descendants(pid)]);
}
