import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMounts } from './mounts.ts';

/**
 * Makes the control group that holds all pods of a cluster, in every hierarchy: the kubelet refuses a root that does
 * not exist.
 */
export function ensureCgroup(name: string): void {
  for (const { path, kind } of hierarchies()) {
    if (kind === 'v2-beside-v1') continue;
    mkdirSync(join(path, name), { recursive: true });
    if (kind === 'v2') enableControllers(path);
  }
}

/** The folders of this control group that exist. */
export function cgroupFolders(name: string): string[] {
  return hierarchies()
    .map(({ path }) => join(path, name))
    .filter((folder) => existsSync(folder));
}

/** Ends every process of the control group, that is, of every container of the cluster, and removes the group. */
export async function removeCgroup(name: string): Promise<void> {
  for (let step = 0; step < 250; step++) {
    const remaining = cgroupFolders(name);
    if (remaining.length === 0) return;
    for (const folder of remaining) {
      for (const pid of processesBelow(folder)) kill(pid);
      removeEmpty(folder);
    }
    if (cgroupFolders(name).length > 0) await sleep(20);
  }
  throw new Error(
    `control group ${name} still has processes that do not end: ${cgroupFolders(name).flatMap(processesBelow).join(' ')}`,
  );
}

/** Ends what runs in the control group now, and leaves the group. */
export function killCgroup(name: string): void {
  for (const pid of new Set(cgroupFolders(name).flatMap(processesBelow))) kill(pid);
}

interface Hierarchy {
  readonly path: string;
  /**
   * v1 beside an empty v2 (systemd calls it hybrid): runc makes its folders in that v2 as well, the kubelet asks for
   * none there.
   */
  readonly kind: 'v1' | 'v2' | 'v2-beside-v1';
}

function hierarchies(): Hierarchy[] {
  return parseMounts(readFileSync('/proc/mounts', 'utf8')).flatMap(({ type, target }): Hierarchy[] => {
    if (type === 'cgroup') return [{ path: target, kind: 'v1' }];
    if (type !== 'cgroup2') return [];
    return [{ path: target, kind: target === '/sys/fs/cgroup' ? 'v2' : 'v2-beside-v1' }];
  });
}

/** cgroup v2: a child has only the controllers that its parent hands down. */
function enableControllers(root: string): void {
  const available = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
  for (const controller of available) {
    try {
      writeFileSync(join(root, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // One that cannot be handed down may be one the kubelet does not need; it says so if it does.
    }
  }
}

function processesBelow(folder: string): number[] {
  if (!existsSync(folder)) return [];
  const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...children(folder).flatMap(processesBelow)];
}

function removeEmpty(folder: string): void {
  for (const child of children(folder)) removeEmpty(child);
  try {
    rmdirSync(folder);
  } catch {
    // EBUSY: a process of it has not quite ended. The caller looks again.
  }
}

function children(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
