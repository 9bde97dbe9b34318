import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkName, deriveInstance, type Instance, maxSlots } from './instance.ts';
import type { CachePaths } from './paths.ts';

/** The instance of this name if it has a slot, that is, from its first start until it was stopped in order. */
export function findInstance(name: string, paths: CachePaths): Instance | undefined {
  checkName(name);
  for (let slot = 0; slot < maxSlots; slot++) {
    if (holder(paths, slot) === join(paths.clusters, name)) return deriveInstance(name, slot, paths.clusters);
  }
  return undefined;
}

/**
 * The instance of this name; claims the lowest free slot when it has none. Two starts at once never get the same one.
 */
export function claimInstance(name: string, paths: CachePaths): Instance {
  const existing = findInstance(name, paths);
  if (existing !== undefined) return existing;
  mkdirSync(paths.slots, { recursive: true });
  const namesake = Array.from({ length: maxSlots }, (_, slot) => holder(paths, slot)).find(
    (folder) => folder !== undefined && basename(folder) === name,
  );
  // Network namespace and control group are called after the name alone.
  if (namesake !== undefined)
    throw new Error(`a cluster called ${name} is there already, in ${namesake}: choose another CLUSTER_NAME`);
  for (let slot = 0; slot < maxSlots; slot++) {
    try {
      // wx: the file system decides who was first.
      writeFileSync(join(paths.slots, String(slot)), join(paths.clusters, name), { flag: 'wx' });
      return deriveInstance(name, slot, paths.clusters);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new Error(
    `all ${maxSlots} cluster slots in ${paths.slots} are taken: stop a cluster with "make cluster-down CLUSTER_NAME=..."`,
  );
}

export function releaseInstance(instance: Instance, paths: CachePaths): void {
  if (holder(paths, instance.slot) === instance.folder) rmSync(join(paths.slots, String(instance.slot)));
}

/** The folder of the cluster that has this slot. */
function holder(paths: CachePaths, slot: number): string | undefined {
  const file = join(paths.slots, String(slot));
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
