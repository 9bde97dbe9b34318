import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { nodePowerOf, type ContainerRights } from '../../../src/policy/node-power.ts';
import { repositoryPath } from '../../support/documents/crd.ts';

/** In the order of their numbers. */
const LINUX_CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL'],
  ...['SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST'],
  ...['NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO'],
  ...['SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE'],
  ...['AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM'],
  ...['BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
];

const adding = (...add: string[]): ContainerRights => ({ securityContext: { capabilities: { add } } });

it.each([
  'ALL',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_BOOT',
  'SYS_TIME',
  'SYSLOG',
  'BPF',
  'PERFMON',
  'DAC_READ_SEARCH',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
])('the capability %s amounts to the node in lower case, in upper case and with CAP_', (name) => {
  for (const written of [name, name.toLowerCase(), `CAP_${name}`, `cap_${name.toLowerCase()}`]) {
    expect(nodePowerOf(adding('CHOWN', written))).toBe(`capability ${name}`);
  }
});

it('an unmasked /proc and a block device amount to the node', () => {
  expect(nodePowerOf({ securityContext: { procMount: 'Unmasked' } })).toBe('procMount Unmasked');
  expect(nodePowerOf({ volumeDevices: [{ name: 'disk', devicePath: '/dev/disk' }] })).toBe('volumeDevices');
});

it.each<[string, ContainerRights]>([
  ['a container without settings', {}],
  ['empty settings', { securityContext: { capabilities: {} }, volumeDevices: [] }],
  // https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
  [
    'what the level baseline allows',
    adding(
      ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
      ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
    ),
  ],
  ['the network of the pod', adding('NET_ADMIN', 'NET_RAW', 'CAP_NET_BROADCAST')],
  [
    'tracing and process accounting, which end at the process namespace',
    adding('SYS_PTRACE', 'SYS_PACCT', 'CHECKPOINT_RESTORE'),
  ],
  ['shared memory, which ends at the IPC namespace', adding('IPC_OWNER')],
  ['the kernel audit, which is served in the namespaces of the node alone', adding('AUDIT_CONTROL', 'AUDIT_READ')],
  ['leases and flags of files', adding('LEASE', 'LINUX_IMMUTABLE')],
  ['more memory and processor time', adding('IPC_LOCK', 'SYS_NICE', 'SYS_RESOURCE')],
  ['the terminals of the node, which a container does not have', adding('SYS_TTY_CONFIG')],
  ['a node that stays awake', adding('BLOCK_SUSPEND', 'WAKE_ALARM')],
  ['a name that only ends like a capability', adding('X_SYS_ADMIN', 'CAP_CAP_SYS_ADMIN')],
  ['a masked /proc', { securityContext: { procMount: 'Default' } }],
  ['a capability that is dropped', { securityContext: { capabilities: { drop: ['ALL'] } } } as ContainerRights],
  ['privileges, which are looked at elsewhere', { securityContext: { privileged: true } }],
])('nodePowerOf sees no power over the node in %s', (_, container) => {
  expect(nodePowerOf(container)).toBeUndefined();
});

// include/uapi/linux/capability.h of Linux 6.12: a capability that is new to Linux is to be decided on here.
it('nodePowerOf decides on every capability of Linux', () => {
  const counting = LINUX_CAPABILITIES.filter((name) => nodePowerOf(adding(name)) !== undefined);
  expect(counting).toEqual([
    ...['DAC_READ_SEARCH', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_TIME', 'MAC_OVERRIDE', 'MAC_ADMIN'],
    ...['SYSLOG', 'PERFMON', 'BPF'],
  ]);
  const source = readFileSync(repositoryPath('src/policy/node-power.ts'), 'utf8');
  expect(LINUX_CAPABILITIES.filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
});
