import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../../../src/api/ephemeral-container.ts';
import { containerOf } from '../../../../src/session/container/container-of.ts';
import { SUPERVISOR_ENV } from '../../../../src/session/container/supervisor.ts';
import { intendRun } from '../../../../src/session/start/intent.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../../support/builders/open-policy.ts';

// What the API server is sent for each field of a spec, and that nothing else is sent.

function rendered(spec: Partial<DebugSessionSpec> = {}): EphemeralContainer {
  const session = aSession(spec);
  return containerOf(session, intendRun(session, aPod(), NOON, OPEN_POLICY));
}

const own = (): object[] => [
  { name: 'DEBUGSESSION_UID', value: aSession().metadata.uid },
  { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
];

describe('the fields of the container', () => {
  it('a container without a supervisor has the fields that its spec asks for, and no other', () => {
    expect(rendered({ supervisor: 'None', profile: 'baseline' })).toStrictEqual({
      name: expect.stringMatching(/^debug-/),
      image: 'docker.io/library/busybox:1.36',
      env: own(),
      stdin: true,
      tty: true,
      terminationMessagePolicy: 'File',
    });
  });

  it('a container with a supervisor has a command and its variable besides', () => {
    expect(rendered({ profile: 'baseline' })).toStrictEqual({
      name: expect.stringMatching(/^debug-/),
      image: 'docker.io/library/busybox:1.36',
      command: expect.arrayContaining(['sh', '-c', 'supervisor']),
      env: [SUPERVISOR_ENV, ...own()],
      stdin: true,
      tty: true,
      terminationMessagePolicy: 'File',
    });
  });

  it.each<[string, Partial<DebugSessionSpec>, Partial<EphemeralContainer>]>([
    ['a pull policy', { imagePullPolicy: 'Always' }, { imagePullPolicy: 'Always' }],
    ['a working directory', { workingDir: '/srv' }, { workingDir: '/srv' }],
    ['the capability of its profile', {}, { securityContext: { capabilities: { add: ['SYS_PTRACE'] } } }],
    [
      'a user beside its profile',
      { securityContext: { runAsUser: 7 } },
      { securityContext: { capabilities: { add: ['SYS_PTRACE'] }, runAsUser: 7 } },
    ],
  ])('a container has %s, with a supervisor and without', (_what, spec, fields) => {
    for (const supervisor of ['Shell', 'None'] as const)
      expect(rendered({ ...spec, supervisor })).toMatchObject(fields);
  });

  it.each<[string, Partial<DebugSessionSpec>, [boolean | undefined, boolean | undefined]]>([
    ['a shell without standard input', { stdin: false }, [undefined, undefined]],
    ['a shell without a terminal', { tty: false }, [true, undefined]],
    ['a command with standard input', { command: ['cat'], stdin: true }, [true, undefined]],
    ['a command with a terminal', { command: ['top'], stdin: true, tty: true }, [true, true]],
  ])('%s has a terminal only where the spec asks for one', (_what, spec, [stdin, tty]) => {
    const container = rendered(spec);
    expect([container.stdin, container.tty]).toEqual([stdin, tty]);
  });

  it('a container has the name of its record, whatever the names of this version are', () => {
    const session = aSession();
    const run = { ...intendRun(session, aPod(), NOON, OPEN_POLICY), debugContainerName: 'debug-of-before' };
    expect(containerOf(session, run).name).toBe('debug-of-before');
  });

  it.each(['startBy', 'lastMoment'] as const)(
    'the operator renders no supervisor from a record that has lost its %s',
    (time) => {
      const session = aSession();
      const run = intendRun(session, aPod(), NOON, OPEN_POLICY);
      delete run[time];
      expect(() => containerOf(session, run)).toThrow('a supervised container needs startBy and lastMoment');
    },
  );
});
