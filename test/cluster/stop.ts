import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { killCgroup, cgroupFolders, removeCgroup } from './cgroups.ts';
import { componentNames } from './components.ts';
import type { Instance } from './instance.ts';
import { mountsBelow, unmountBelow } from './mounts.ts';
import { networkExists, removeNetwork } from './network.ts';
import { instanceFiles } from './paths.ts';
import { Processes } from './processes.ts';

/**
 * Milliseconds between TERM and KILL. The API server's own graceful stop takes as long as clients hold watches: longer
 * than anybody wants.
 */
const graceMs = 3000;

/**
 * Ends and removes all that belongs to this instance, in whatever state it is, and nothing else: processes by their
 * records, containers by the control group that only this instance uses, containerd's shims by the socket in their
 * arguments.
 * @throws Error when something does not go; what is left then is still known and the next try goes on from there.
 */
export async function tearDown(instance: Instance): Promise<void> {
  const files = instanceFiles(instance.folder);
  const processes = new Processes(files.records, files.logs);
  const sockets = shimSockets(instance);
  // Who would start things again goes first.
  await Promise.all(
    ['kubelet', 'kube-proxy', 'kube-scheduler', 'kube-controller-manager'].map((name) => processes.stop(name, graceMs)),
  );
  killCgroup(instance.cgroup);
  await Promise.all(['containerd', 'kube-apiserver', 'etcd'].map((name) => processes.stop(name, graceMs)));
  for (const pid of shimsOf(instance)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  await removeCgroup(instance.cgroup);
  await unmountBelow(instance.folder);
  await removeNetwork(instance);
  for (const trace of [...sockets, ...tracesElsewhere(instance)]) rmSync(trace, { force: true });
  // Safe only because unmountBelow made sure that nothing of somebody else's is mounted in there.
  rmSync(instance.folder, { recursive: true, force: true });
}

/** What of this instance is still on the machine, a line each; empty when it is down and nothing is left. */
export function leftovers(instance: Instance): string[] {
  const files = instanceFiles(instance.folder);
  const processes = new Processes(files.records, files.logs);
  return [
    ...componentNames.filter((name) => processes.isRunning(name)).map((name) => `process ${name}`),
    ...processesNaming(instance.folder).map((pid) => `process ${pid} names ${instance.folder}`),
    ...cgroupFolders(instance.cgroup).map((folder) => `control group ${folder}`),
    ...mountsBelow(instance.folder).map((target) => `mount ${target}`),
    ...(networkExists(instance) ? [`network namespace ${instance.netns}, with its interfaces and iptables rules`] : []),
    ...(existsSync(join('/sys/class/net', instance.hostLink)) ? [`network interface ${instance.hostLink}`] : []),
    ...tracesElsewhere(instance).map((file) => `file ${file}`),
    ...(existsSync(instance.folder) ? [`folder ${instance.folder}`] : []),
  ];
}

/** The shims of this instance: each has its containerd's socket among its arguments. */
function shimsOf(instance: Instance): number[] {
  const { containerdSocket } = instanceFiles(instance.folder);
  return allProcesses()
    .filter(({ argv }) => basename(argv[0] ?? '') === 'containerd-shim-runc-v2' && argv.includes(containerdSocket))
    .map(({ pid }) => pid);
}

function processesNaming(folder: string): number[] {
  return allProcesses()
    .filter(({ pid, argv }) => pid !== process.pid && argv.some((word) => word.includes(`${folder}/`)))
    .map(({ pid }) => pid);
}

function allProcesses(): { pid: number; argv: string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [{ pid: Number(name), argv: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
      } catch {
        return [];
      }
    });
}

/**
 * Shims keep their sockets in a folder that containerd fixes for the whole machine; each task's folder says which is
 * its own.
 */
function shimSockets(instance: Instance): string[] {
  const tasks = join(instanceFiles(instance.folder).containerdState, 'io.containerd.runtime.v2.task', 'k8s.io');
  return list(tasks).flatMap((task) => {
    try {
      const { address } = JSON.parse(readFileSync(join(tasks, task, 'bootstrap.json'), 'utf8')) as { address: string };
      return address.startsWith('unix://') ? [address.slice('unix://'.length)] : [];
    } catch {
      return [];
    }
  });
}

/** Files that kubelet and CNI write at places that cannot be set. */
function tracesElsewhere(instance: Instance): string[] {
  const logLinks = '/var/log/containers';
  const results = '/var/lib/cni/results';
  return [
    ...list(logLinks)
      .map((name) => join(logLinks, name))
      .filter((link) => linkTarget(link).startsWith(`${instance.folder}/`)),
    ...list(results)
      .map((name) => join(results, name))
      .filter((file) => textOf(file).includes(`${instance.folder}/`)),
  ];
}

/** The record of a CNI result names the pod's network namespace, which lies below the folder of its cluster. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function linkTarget(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
