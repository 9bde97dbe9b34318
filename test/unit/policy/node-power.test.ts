import { expect, it } from '@jest/globals';
import { nodePowerOf, type ContainerRights } from '../../../src/policy/node-power.ts';

const adding = (...add: string[]): ContainerRights => ({ securityContext: { capabilities: { add } } });

it.each([
  'ALL',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_BOOT',
  'BPF',
  'PERFMON',
  'DAC_READ_SEARCH',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
])('%s amounts to the node, in whatever way it is written', (name) => {
  for (const written of [name, name.toLowerCase(), `CAP_${name}`, `cap_${name.toLowerCase()}`]) {
    expect(nodePowerOf(adding('CHOWN', written))).toBe(`capability ${name}`);
  }
});

it('so does an unmasked /proc, and a disk', () => {
  expect(nodePowerOf({ securityContext: { procMount: 'Unmasked' } })).toBe('procMount Unmasked');
  expect(nodePowerOf({ volumeDevices: [{ name: 'disk', devicePath: '/dev/disk' }] })).toBe('volumeDevices');
});

it.each<[string, ContainerRights]>([
  ['nothing', {}],
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
  ['tracing', adding('SYS_PTRACE')],
  ['a name that only ends like one', adding('X_SYS_ADMIN', 'CAP_CAP_SYS_ADMIN')],
  ['a masked /proc', { securityContext: { procMount: 'Default' } }],
  ['a capability that is dropped', { securityContext: { capabilities: { drop: ['ALL'] } } } as ContainerRights],
  ['privileges, which are looked at elsewhere', { securityContext: { privileged: true } }],
])('not so: %s', (_, container) => {
  expect(nodePowerOf(container)).toBeUndefined();
});
