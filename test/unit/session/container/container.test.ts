import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../../../src/api/ephemeral-container.ts';
import { containerName, specHashOf } from '../../../../src/session/container/container.ts';
import { START_MARGIN_MS } from '../../../../src/session/container/effective.ts';
import { SUPERVISOR_ENV } from '../../../../src/session/container/supervisor.ts';
import { containerOf } from '../../../../src/session/container/container-of.ts';
import { intendRun } from '../../../../src/session/start/intent.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../../support/builders/open-policy.ts';

function rendered(spec: Partial<DebugSessionSpec> = {}): EphemeralContainer {
  const session = aSession(spec);
  return containerOf(session, intendRun(session, aPod(), NOON, OPEN_POLICY));
}

/** What the supervisor is given: ttl, start by, last moment (seconds), terminal, and the command. */
function given(spec: Partial<DebugSessionSpec>): string[] {
  const { command = [] } = rendered(spec);
  return command.slice(command.indexOf('supervisor') + 1);
}

const AT = NOON / 1000;

describe('the container of a run', () => {
  it('the name of the container follows from the session and the attempt alone', () => {
    expect(containerName('7f1c1d4e-0000-4000-8000-000000000001', 2)).toMatch(/^debug-[0-9a-f]{8}-2$/);
    expect(containerName('a', 1)).toBe(containerName('a', 1));
    expect(containerName('a', 1)).not.toBe(containerName('b', 1));
  });

  it('the same record renders the same container', () => {
    const session = aSession();
    const run = intendRun(session, aPod(), NOON, OPEN_POLICY);
    expect(specHashOf(containerOf(session, run))).toBe(run.specHash);
    expect(specHashOf(containerOf(structuredClone(session), structuredClone(run)))).toBe(run.specHash);
  });

  it.each([
    ['30s', '30'],
    ['1500ms', '2'],
    ['1ms', '1'],
    ['1h30m', '5400'],
  ])(
    'the supervisor of a container with a ttl of %s lets it run for %s s, never for less than the ttl',
    (ttl, seconds) => {
      expect(given({ ttl })[0]).toBe(seconds);
    },
  );

  it('a container may start until startTimeout and a margin, and lives no longer than its ttl after that', () => {
    const margin = START_MARGIN_MS / 1000;
    const [, startBy, lastMoment] = given({ ttl: '30s', startTimeout: '2m' });
    expect([Number(startBy) - AT, Number(lastMoment) - AT]).toEqual([120 + margin, 150 + margin]);
  });

  it('a container has a shell and a terminal without a command, and neither with a command', () => {
    expect([given({}).slice(3), rendered().stdin, rendered().tty]).toEqual([['1', 'sh'], true, true]);
    const ping = rendered({ command: ['ping'], args: ['-c', '1'] });
    expect([given({ command: ['ping'], args: ['-c', '1'] }).slice(3), ping.stdin, ping.tty]).toEqual([
      ['0', 'ping', '-c', '1'],
      undefined,
      undefined,
    ]);
  });

  it('a container without a supervisor runs the command of the spec unchanged', () => {
    expect(rendered({ supervisor: 'None', command: ['ping'], args: ['x'] })).toMatchObject({
      command: ['ping'],
      args: ['x'],
    });
    expect(rendered({ supervisor: 'None' })).not.toHaveProperty('command');
  });

  it('the container names its session although the user sets the same variable', () => {
    const env = [
      { name: 'DEBUGSESSION_UID', value: 'forged' },
      { name: 'MINE', value: '$(HOME)' },
    ];
    expect(rendered({ env, supervisor: 'None' }).env).toEqual([
      { name: 'MINE', value: '$(HOME)' },
      { name: 'DEBUGSESSION_UID', value: aSession().metadata.uid },
      { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
    ]);
    expect(rendered({ env }).env).toEqual([
      { name: 'DEBUGSESSION_ENV_MINE', value: '$(HOME)' },
      SUPERVISOR_ENV,
      { name: 'DEBUGSESSION_UID', value: aSession().metadata.uid },
      { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
    ]);
  });

  it('the container carries its supervisor script in a variable that no requester can set', () => {
    const forged = { name: 'DEBUGSESSION_SUPERVISOR', value: 'echo forged' };
    const { env = [], command } = rendered({ env: [forged], envFrom: [{ configMapRef: { name: 'c' } }] });
    expect(command?.slice(0, 3)).toEqual(['sh', '-c', 'eval "$DEBUGSESSION_SUPERVISOR"']);
    expect(env.filter(({ name }) => name === 'DEBUGSESSION_SUPERVISOR')).toEqual([SUPERVISOR_ENV]);
  });

  it('the container takes variables of secrets and config maps, and its own variables from neither', () => {
    const secretKeyRef = { name: 's', key: 'k', optional: true };
    const env = [
      { name: 'DEBUGSESSION_ATTEMPT', valueFrom: { secretKeyRef } },
      { name: 'KEY', valueFrom: { secretKeyRef } },
    ];
    const envFrom = [{ prefix: 'A_', secretRef: { name: 's' } }, { configMapRef: { name: 'c' } }];
    const own = [
      { name: 'DEBUGSESSION_UID', value: aSession().metadata.uid },
      { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
    ];
    const plain = rendered({ env, envFrom, supervisor: 'None' });
    expect(plain.envFrom).toEqual(envFrom);
    expect(plain.env).toEqual([{ name: 'KEY', valueFrom: { secretKeyRef } }, ...own]);
    const supervised = rendered({ env, envFrom });
    expect(supervised.envFrom).toEqual([
      { prefix: 'DEBUGSESSION_ENV_A_', secretRef: { name: 's' } },
      { prefix: 'DEBUGSESSION_ENV_', configMapRef: { name: 'c' } },
    ]);
    const key = { name: 'DEBUGSESSION_ENV_KEY', valueFrom: { secretKeyRef } };
    expect(supervised.env).toEqual([key, SUPERVISOR_ENV, ...own]);
  });

  it('the container mounts the volumes of the spec', () => {
    const volumeMounts = [{ name: 'data', mountPath: '/data', readOnly: true }];
    expect(rendered({ volumeMounts }).volumeMounts).toEqual(volumeMounts);
  });

  it('an empty list in the spec renders the same container as an absent list', () => {
    expect(rendered({ envFrom: [], volumeMounts: [] })).toEqual(rendered());
  });

  it.each<Partial<DebugSessionSpec>>([
    { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    { volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] },
    { envFrom: [{ secretRef: { name: 's' } }] },
    { envFrom: [{ configMapRef: { name: 's' } }] },
    { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
  ])('the hash of the container differs with %j', (spec) => {
    expect(specHashOf(rendered(spec))).not.toBe(specHashOf(rendered()));
  });

  it('the container joins the process namespace of the named container, and of no other', () => {
    expect(rendered({ target: { podName: 'web-1', containerName: 'app' } }).targetContainerName).toBe('app');
    expect(rendered()).not.toHaveProperty('targetContainerName');
  });
});
