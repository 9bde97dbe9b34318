import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { mustRun, run } from './run-program.ts';

/**
 * The machine's side of the network. Node and control plane live in a network namespace of their own, tied to the
 * machine by one cable.
 *
 * That is what lets clusters stand side by side: kube-proxy and the kubelet rewrite the iptables chains KUBE-* as if
 * they were alone, and two of them in one namespace take each other's services away. It also leaves the machine's own
 * rules untouched, and everything in there goes when the namespace goes. There is no way from inside to the world: a
 * pull that would need one fails at once, on every machine alike.
 */
export async function ensureNetwork(instance: Instance): Promise<void> {
  const { netns, hostLink, nodeLink } = instance;
  if (!networkExists(instance)) {
    await mustRun(['ip', 'netns', 'add', netns]);
  }
  if (!existsSync(join('/sys/class/net', hostLink))) {
    await mustRun(['ip', 'link', 'add', hostLink, 'type', 'veth', 'peer', 'name', nodeLink, 'netns', netns]);
  }
  await mustRun(['ip', 'address', 'replace', `${instance.hostAddress}/30`, 'dev', hostLink]);
  await mustRun(['ip', 'link', 'set', hostLink, 'up']);
  const inside = [
    `address replace ${instance.nodeAddress}/30 dev ${nodeLink}`,
    `link set ${nodeLink} up`,
    'link set lo up',
  ].join('\n');
  await mustRun(['ip', '-netns', netns, '-batch', '-'], { input: `${inside}\n` });
  await mustRun([...enterNetwork(instance), 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
}

export async function removeNetwork(instance: Instance): Promise<void> {
  // Both by themselves would do; either may be all that a killed start has left.
  await run(['ip', 'link', 'delete', instance.hostLink]);
  if (networkExists(instance)) await mustRun(['ip', 'netns', 'delete', instance.netns]);
}

export function networkExists(instance: Instance): boolean {
  return existsSync(join('/run/netns', instance.netns));
}

/**
 * The words before a command that run it inside. Not `ip netns exec`: that also makes a mount namespace, and what the
 * kubelet mounts there containerd would not see.
 */
export function enterNetwork(instance: Instance): string[] {
  return ['nsenter', `--net=${join('/run/netns', instance.netns)}`];
}
