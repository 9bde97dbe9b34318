/**
 * What makes a container as good as the node it runs on, without `privileged: true`: whoever becomes one of its processes (by the process namespace and
 * ptrace) has it too. What Pod Security's level `baseline` allows does not count, nor do NET_* and SYS_PTRACE, which end at the pod's own
 * namespaces.
 */
const NODE_CAPABILITIES: Readonly<Record<string, string>> = {
  ALL: 'every one of these',
  SYS_ADMIN: 'mounts disks and file systems of the kernel, and leaves its namespaces',
  SYS_MODULE: 'loads code into the kernel',
  SYS_RAWIO: 'reads and writes ports, and memory and disks past their files',
  SYS_BOOT: 'restarts the node, or loads another kernel',
  BPF: 'runs programs in the kernel that see all of the node',
  PERFMON: 'traces the kernel and every process of the node',
  DAC_READ_SEARCH: 'opens any file of a mounted file system by its handle, outside of the container too',
  MAC_ADMIN: 'changes the rules of AppArmor, SELinux or Smack',
  MAC_OVERRIDE: 'is not bound by these rules',
};

/** A container of a core/v1 Pod, as far as it is looked at. */
export interface ContainerRights {
  securityContext?: { privileged?: boolean; procMount?: string; capabilities?: { add?: string[] } };
  volumeDevices?: object[];
}

/** By what a container amounts to its node, such as `capability SYS_ADMIN`; undefined: by nothing. `privileged` is not looked at. */
export function nodePowerOf({ securityContext = {}, volumeDevices = [] }: ContainerRights): string | undefined {
  const { capabilities, procMount } = securityContext;
  // Container runtimes take them in any case, some with the prefix.
  const added = (capabilities?.add ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const capability = added.find((name) => Object.hasOwn(NODE_CAPABILITIES, name));
  if (capability !== undefined) return `capability ${capability}`;
  // Without the masks /proc/sys and /proc/sysrq-trigger are the node's, to be written.
  if (procMount === 'Unmasked') return 'procMount Unmasked';
  // A disk below its file system.
  return volumeDevices.length > 0 ? 'volumeDevices' : undefined;
}
