import { join } from 'node:path';

/** Everything that must differ between two clusters on one machine, derived from a name and a slot number. */
export interface Instance {
  readonly name: string;
  /** 0 to 63; claimed once per name, see slots.ts. */
  readonly slot: number;
  /** The folder of this instance: data, logs, certificates. All of it may be deleted when the cluster is down. */
  readonly folder: string;
  /** Network namespace in which the node and its control plane live. */
  readonly netns: string;
  /** The cable between the machine and the node: at most 15 characters, the kernel's limit for interface names. */
  readonly hostLink: string;
  readonly nodeLink: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly server: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly apiServiceAddress: string;
  /** Below the root of every cgroup hierarchy. Two kubelets under one root would kill each other's pods as orphans. */
  readonly cgroup: string;
  readonly nodeName: string;
}

export const maxSlots = 64;
const namePattern = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** The longest path a Unix socket may have on Linux (sun_path), the closing zero left out. */
const longestSocketPath = 107;

/**
 * Derives an instance. Pure.
 *
 * The addresses on the machine's side are from 198.18.0.0/15, which RFC 2544 sets apart for test networks, so that no
 * real network is hidden. Pod and service subnets exist only inside the instance's own network namespace.
 * @throws Error when the name, the slot or the length of the folder's path cannot work.
 */
export function deriveInstance(name: string, slot: number, clustersFolder: string): Instance {
  checkName(name);
  if (!Number.isInteger(slot) || slot < 0 || slot >= maxSlots) {
    throw new Error(
      `cluster slot ${slot} is not one of 0 to ${maxSlots - 1}: stop a cluster with "make cluster-down CLUSTER_NAME=..."`,
    );
  }
  const folder = join(clustersFolder, name);
  const longest = join(folder, 'containerd', 'containerd.sock.ttrpc');
  if (longest.length > longestSocketPath) {
    throw new Error(
      `the path ${longest} is too long for a Unix socket: set DEBUGSESSION_CACHE to a folder with a shorter path`,
    );
  }
  const nodeAddress = `198.18.${slot}.2`;
  return {
    name,
    slot,
    folder,
    netns: `debugsession-${name}`,
    hostLink: `dbgs${slot}-host`,
    nodeLink: `dbgs${slot}-node`,
    hostAddress: `198.18.${slot}.1`,
    nodeAddress,
    server: `https://${nodeAddress}:6443`,
    podSubnet: `10.${128 + slot}.0.0/16`,
    serviceSubnet: `10.${192 + slot}.0.0/16`,
    apiServiceAddress: `10.${192 + slot}.0.1`,
    cgroup: `debugsession-${name}`,
    nodeName: 'node-1',
  };
}

/** @throws Error when the name could not be part of a namespace, a cgroup and a folder name. */
export function checkName(name: string): void {
  if (namePattern.test(name)) return;
  throw new Error(
    `${JSON.stringify(name)} cannot be a cluster's name: use 1 to 20 lower-case letters, digits and inner hyphens`,
  );
}
