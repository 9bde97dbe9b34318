import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec, Run } from '../../../../src/api/debugsession.ts';
import type { Terminated } from '../../../../src/api/pod.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import { readEnding } from '../../../../src/session/run/ending.ts';
import { startFailure } from '../../../../src/session/run/start-failure.ts';
import { World } from '../../../support/world/world.ts';

/** What the run says after its container ended so at once. */
function failed(end: Partial<Terminated>, spec: Partial<DebugSessionSpec> = {}): Run {
  const world = World.running(spec);
  world.ends({ reason: 'Error', ...end });
  world.settle();
  return world.run;
}

describe('a container that the runtime could not start', () => {
  it.each(['StartError', 'ContainerCannotRun'])('the run fails of %s and quotes the runtime', (reason) => {
    const { state, reason: why, message } = failed({ exitCode: 128, reason, message: 'no such device' });
    expect([state, why, message]).toEqual([
      'Failed',
      'StartError',
      'The container runtime could not start the container: no such device',
    ]);
  });

  it.each([[''], [undefined]])('the run says that the runtime gave no reason where its words are %j', (message) => {
    const world = new World();
    world.settle();
    world.kubelet({ terminated: { exitCode: 128, reason: 'StartError', ...(message !== undefined && { message }) } });
    world.settle();
    expect(world.run.message).toBe('The container runtime could not start the container: no reason given');
  });

  it('a run without recorded values has no hint of a missing shell', () => {
    const said = 'exec: "top": executable file not found in $PATH';
    const end = { exitCode: 128, reason: 'StartError', message: said };
    expect(startFailure({ attempt: 1, state: 'Failed' }, end)).toEqual({
      kind: 'failed',
      reason: 'CommandNotFound',
      message: `The container runtime could not start the container: ${said}`,
    });
  });

  it('the message does not blame PATH where the variables set another', () => {
    const said = 'exec: "top": executable file not found in $PATH';
    const end = { exitCode: 128, reason: 'StartError', message: said };
    const env = [{ name: 'HOME', value: '/x' }];
    expect(failed(end, { supervisor: 'None', env }).message).toBe(
      `The container runtime could not start the container: ${said}`,
    );
  });
});

describe('a supervisor that refused', () => {
  it('the message of TooLate names the time by which the container had to start', () => {
    const world = new World();
    world.settle();
    const { startBy = '' } = world.run;
    const late = toTimestamp(Date.parse(startBy) + 1_000);
    world.ends({ exitCode: 125, reason: 'Error', message: 'TooLate', startedAt: late, finishedAt: late });
    world.settle();
    expect(world.run.message).toBe(`The container started after ${startBy} and ended itself at once`);
  });

  it('the message of a command that was not found names the shell where the session names no command', () => {
    expect(failed({ exitCode: 127, message: 'CommandNotFound' }).message).toBe(
      'The command was not run: sh is no program that the image has in its PATH',
    );
  });

  const env = ['my-key', 'your-key'].map((name) => ({ name, value: '1' }));
  const envFrom = [{ configMapRef: { name: 'c' } }];

  it.each<[string, Partial<DebugSessionSpec>, string]>([
    ['of env', { env }, ' (my-key, your-key)'],
    ['of envFrom', { envFrom }, ' (those of envFrom)'],
    ['of env and envFrom', { env, envFrom }, ' (my-key, your-key, those of envFrom)'],
    ['that nothing names', {}, ''],
  ])('the message of VariablesUnsupported lists the variables %s', (_words, spec, names) => {
    expect(failed({ exitCode: 125, message: 'VariablesUnsupported' }, spec).message).toBe(
      `The image has no env or no tr, which the variables of this session need${names}; use another image, or leave them out, or supervisor: None`,
    );
  });
});

describe('a container that leaves no message', () => {
  const END = { exitCode: 1, startedAt: '2026-01-01T12:00:00Z', finishedAt: '2026-01-01T12:00:00Z' };

  it('a supervised container that ends at once without a message has not run its command', () => {
    const world = World.running();
    world.kubelet({ terminated: END });
    world.settle();
    expect([world.run.state, world.run.reason]).toEqual(['Failed', 'SupervisorUnsupported']);
  });

  it('a container of a run without recorded values has ended by itself', () => {
    const ending = readEnding({ attempt: 1, state: 'Running' }, END, { pod: undefined, joined: undefined });
    expect(ending).toEqual({
      ...{ kind: 'ended', outcome: 'Exited', endedBy: 'Command' },
      message: 'The command ended by itself, exit code 1',
    });
  });
});
