/**
 * What makes a container reach the node it runs on, without `privileged: true`: a session that becomes one of its
 * processes (by the process namespace and ptrace) reaches it too. Source of each, unless another is named:
 * capabilities(7) of Linux 6.x.
 */
const NODE_CAPABILITIES: Readonly<Record<string, string>> = {
  ALL: 'every one of these',
  SYS_ADMIN: 'mounts disks and file systems of the kernel, and leaves its namespaces',
  SYS_MODULE: 'loads code into the kernel',
  SYS_RAWIO: 'reads and writes ports, and memory and disks past their files',
  SYS_BOOT: 'loads another kernel by kexec_load(2); by reboot(2) it ends only its own process namespace',
  SYS_TIME: 'sets the clock of the node: time_namespaces(7) has no namespace for CLOCK_REALTIME',
  SYSLOG: 'reads and clears the log of the kernel, and reads its addresses: syslog(2) has no namespace',
  BPF: 'runs programs in the kernel that see all of the node',
  PERFMON: 'traces the kernel and every process of the node',
  DAC_READ_SEARCH: 'opens any file of a mounted file system by its handle, outside of the container too',
  MAC_ADMIN: 'changes the rules of AppArmor, SELinux or Smack',
  MAC_OVERRIDE: 'is not bound by these rules',
};

/*
 * Those that do not count, and why:
 * - AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID,
 *   SYS_CHROOT: the level `baseline` of Pod Security allows them. MKNOD makes device nodes that the container's device
 *   control group does not let it open.
 * - NET_ADMIN, NET_BROADCAST, NET_RAW, IPC_OWNER, SYS_PTRACE, SYS_PACCT, CHECKPOINT_RESTORE: they end at the network,
 *   IPC and process namespaces of the pod.
 * - AUDIT_CONTROL, AUDIT_READ: the kernel serves them in the node's own process and network namespaces alone
 *   (kernel/audit.c: audit_netlink_ok, kauditd_send_multicast_skb). Pods with hostPID or hostNetwork need HostPods.
 * - LEASE, LINUX_IMMUTABLE: they concern the files that the container has.
 * - IPC_LOCK, SYS_NICE, SYS_RESOURCE: they take more of the node's memory, processor or disk. They read and change
 *   nothing of it.
 * - SYS_TTY_CONFIG: it needs a terminal of the node, which no container has as a device.
 * - BLOCK_SUSPEND, WAKE_ALARM: they keep a node awake, or wake it.
 */

/** A container of a core/v1 Pod, as far as it is looked at. */
export interface ContainerRights {
  securityContext?: { privileged?: boolean; procMount?: string; capabilities?: { add?: string[] } };
  volumeDevices?: object[];
}

/**
 * By what a container amounts to its node, such as `capability SYS_ADMIN`; undefined: by nothing. `privileged` is not
 * looked at.
 */
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
