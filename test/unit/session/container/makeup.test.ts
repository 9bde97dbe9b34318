import { describe, expect, it } from '@jest/globals';
import type { EnvVar } from '../../../../src/api/ephemeral-container.ts';
import type { Changes } from '../../../../src/api/pod.ts';
import { changesOf, type ContainerFields, makeupOf } from '../../../../src/session/container/makeup.ts';
import { SUPERVISOR_ENV } from '../../../../src/session/container/supervisor.ts';

// Which differences between two containers count as a change by admission.

/** The names of the fields that differ. */
function changed(asked: ContainerFields, stands: ContainerFields): readonly string[] {
  return changesOf({ image: 'i', ...asked }, makeupOf({ image: 'i', ...stands }))?.fields ?? [];
}

const data = { name: 'data', mountPath: '/data' };

describe('the makeup of a container', () => {
  it.each<[string, ContainerFields, ContainerFields]>([
    ['no terminal', { tty: false, stdin: false }, {}],
    ['an empty working directory', { workingDir: '' }, {}],
    ['an empty list of arguments', { args: [] }, {}],
    ['a mount that is not read-only', { volumeMounts: [{ ...data, readOnly: false }] }, { volumeMounts: [data] }],
    [
      'an empty prefix',
      { envFrom: [{ prefix: '', secretRef: { name: 's' } }] },
      { envFrom: [{ secretRef: { name: 's' } }] },
    ],
    ['a security context without a field', { securityContext: {} }, {}],
    ['a list of no capabilities', { securityContext: { capabilities: { add: [] } } }, {}],
    ['the usual /proc', { securityContext: { procMount: 'Default' } as object }, {}],
  ])('%s is the same as none', (_what, one, other) => {
    expect([changed(one, other), changed(other, one)]).toEqual([[], []]);
  });

  it.each<[string, ContainerFields, ContainerFields, string]>([
    [
      'a mount that is read-only',
      { volumeMounts: [{ ...data, readOnly: true }] },
      { volumeMounts: [data] },
      'volumeMounts',
    ],
    ['another /proc', { securityContext: { procMount: 'Unmasked' } as object }, {}, 'securityContext'],
    ['a right that is refused', { securityContext: { allowPrivilegeEscalation: false } }, {}, 'securityContext'],
    [
      'a value that only reads like a default',
      { env: [{ name: 'A', value: 'Default' }] },
      { env: [{ name: 'A' }] },
      'env',
    ],
    ['an empty argument', { args: ['a', ''] }, { args: ['a'] }, 'args'],
    ['the order of the arguments', { args: ['a', 'b'] }, { args: ['b', 'a'] }, 'args'],
  ])('%s is a change', (_what, one, other, field) => {
    expect([changed(one, other), changed(other, one)]).toEqual([[field], [field]]);
  });

  it.each<[string, { env?: EnvVar[]; admitted: ContainerFields; changes: Changes }]>([
    [
      'without a supervisor loses none by another command',
      { admitted: { command: ['top'] }, changes: { fields: ['command'], lostSupervisor: false } },
    ],
    [
      'without a supervisor loses none by a script of that name',
      { admitted: { env: [SUPERVISOR_ENV] }, changes: { fields: ['env'], lostSupervisor: false } },
    ],
    [
      'loses its supervisor by another command',
      { env: [SUPERVISOR_ENV], admitted: { command: ['top'] }, changes: { fields: ['command'], lostSupervisor: true } },
    ],
    [
      'loses its supervisor by another script',
      {
        env: [SUPERVISOR_ENV],
        admitted: { env: [{ ...SUPERVISOR_ENV, value: 'x' }] },
        changes: { fields: ['env'], lostSupervisor: true },
      },
    ],
  ])('a container %s', (_what, { env = [], admitted, changes }) => {
    const asked = { image: 'i', command: ['sh'], env };
    expect(changesOf(asked, makeupOf({ ...asked, ...admitted }))).toEqual(changes);
  });

  it('the makeup of a container without variables is as short as its fields', () => {
    expect(makeupOf({ image: 'i' })).toEqual({ image: 'i' });
    expect(makeupOf({ image: 'i', command: ['sh'] })).toEqual({
      image: 'i',
      command: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
  });
});
