import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { Terminated } from '../../../../src/api/pod.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import { wantsRetirement } from '../../../../src/session/stop/retirement.ts';
import { World } from '../../../support/world/world.ts';

// What a command, or a neighbour in its process namespace, can make of the record by what it writes into the
// termination log.

/** A session that ran for so many seconds, and then ended so. */
function ran(seconds: number, end: Partial<Terminated>, spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.running({ ttl: '10m', podAfterSession: 'Evict', ...spec });
  world.pass(seconds * 1000);
  world.ends({ reason: 'Error', ...end });
  world.settle();
  return world;
}

const recordOf = ({ phase, run }: World): unknown[] => [phase, run.state, run.reason, run.endedBy];
const BY_ITSELF = ['Completed', 'Ended', 'Exited', 'Command'];

describe('a word of the supervisor that the command has written', () => {
  it.each([
    { word: 'CommandNotFound', seconds: 4, exitCode: 127 },
    { word: 'CommandNotFound', seconds: 59, exitCode: 127 },
    { word: 'CommandNotFound', seconds: 0, exitCode: 0 },
    { word: 'CommandNotFound', seconds: 0, exitCode: 125 },
    { word: 'Unsupported', seconds: 4, exitCode: 125 },
    { word: 'Unsupported', seconds: 0, exitCode: 127 },
    { word: 'TooLate', seconds: 0, exitCode: 125 },
    { word: 'TooLate', seconds: 21, exitCode: 125 },
    { word: 'Deadline', seconds: 597, exitCode: 129 },
    { word: 'Deadline', seconds: 3, exitCode: 138 },
    { word: 'Deadline', seconds: 611, exitCode: 0 },
    { word: 'Stopped', seconds: 3, exitCode: 129 },
    { word: 'a conclusion\u001b[2K\nin two lines', seconds: 3, exitCode: 0 },
  ])('$word, exit code $exitCode after $seconds s, is a claim and no reason', ({ word, seconds, exitCode }) => {
    const world = ran(seconds, { exitCode, message: `${word}\n` });
    expect(recordOf(world)).toEqual(BY_ITSELF);
    expect(world.run.said).toBe(word.replaceAll(/[^ -~]+/g, ' '));
    expect(wantsRetirement(world.session, world.run)).toBe(true);
  });

  it.each(['CommandNotFound', 'Unsupported', 'TooLate', 'Deadline'])('%s is none without a supervisor', (word) => {
    const exitCode = word === 'CommandNotFound' ? 127 : 125;
    expect(recordOf(ran(1, { exitCode, message: word }, { supervisor: 'None', ttl: '1s' }))).toEqual(BY_ITSELF);
  });

  it.each(['CommandNotFound', 'TooLate', 'Deadline'])('%s without times of the kubelet is a claim', (word) => {
    const end = { exitCode: 127, message: word, startedAt: 'never', finishedAt: 'never' };
    expect(recordOf(ran(600, end))).toEqual(BY_ITSELF);
  });

  it('is cut, and kept with the run', () => {
    const { said } = ran(1, { message: 'x'.repeat(4096) }).run;
    expect(said).toHaveLength(256);
  });
});

describe('a word that the kubelet bears out', () => {
  it.each([
    { word: 'CommandNotFound', exitCode: 127, reason: 'CommandNotFound' },
    { word: 'CommandIsBuiltin', exitCode: 127, reason: 'CommandNotFound' },
    { word: 'CommandIsDirectory', exitCode: 127, reason: 'CommandNotFound' },
    { word: 'CommandNotExecutable', exitCode: 127, reason: 'CommandNotFound' },
    { word: 'CommandForeign', exitCode: 2, reason: 'CommandNotFound' },
    { word: 'CommandForeign', exitCode: 126, reason: 'CommandNotFound' },
    { word: 'Unsupported', exitCode: 125, reason: 'SupervisorUnsupported' },
    { word: 'VariablesUnsupported', exitCode: 125, reason: 'SupervisorUnsupported' },
  ])('$word at once fails the run, which counts as one that ran for retirement', ({ word, exitCode, reason }) => {
    const world = ran(3, { exitCode, message: `${word}\n` });
    expect(recordOf(world)).toEqual(['Failed', 'Failed', reason, undefined]);
    expect(world.run).toMatchObject({ said: word, exitCode, startedAt: expect.anything() });
    expect(wantsRetirement(world.session, world.run)).toBe(true);
  });

  it('a container that started in time has not started too late', () => {
    const world = new World({ podAfterSession: 'Evict' });
    world.settle();
    const startBy = Date.parse(world.run.startBy ?? '');
    const ends = (at: number): unknown[] => {
      const other = new World({ podAfterSession: 'Evict' });
      other.settle();
      const times = { startedAt: toTimestamp(at), finishedAt: toTimestamp(at) };
      other.ends({ exitCode: 125, reason: 'Error', message: 'TooLate', ...times });
      other.settle();
      return [other.run.state, other.run.reason, wantsRetirement(other.session, other.run)];
    };
    expect(ends(startBy)).toEqual(['Ended', 'Exited', true]);
    expect(ends(startBy + 1_000)).toEqual(['Failed', 'TooLate', true]);
  });

  it.each([
    { seconds: 598, exitCode: 0 },
    { seconds: 600, exitCode: 4 },
    { seconds: 610, exitCode: 0 },
  ])('Deadline after $seconds s of 600, exit code $exitCode', ({ seconds, exitCode }) => {
    const world = ran(seconds, { exitCode, message: 'Deadline' });
    expect(recordOf(world)).toEqual(['Expired', 'Ended', 'Expired', 'Supervisor']);
    expect(world.run.message).toBe('The supervisor ended it after 10m');
  });

  it.each([129, 137, 143])('Deadline later than that, by a signal: exit code %s', (exitCode) => {
    const world = ran(630, { exitCode, message: 'Deadline' });
    expect(recordOf(world)).toEqual(['Expired', 'Ended', 'Expired', 'Supervisor']);
    expect(world.run.message).toBe('The supervisor ended it after 10m, 30 s late');
  });
});

describe('Stopped', () => {
  /** Cancelled after a minute, and tried once. */
  const cancelled = (spec: Partial<DebugSessionSpec> = {}): World => {
    const world = World.running({ ttl: '10m', stdin: false, tty: false, command: ['sleep', '600'], ...spec });
    world.pass(60_000);
    world.edit({ cancel: true });
    world.settle();
    expect(world.run.stop?.routes).toEqual(['Exec']);
    return world;
  };

  it.each([0, 129])('counts when the operator has sent its script: exit code %s', (exitCode) => {
    const world = cancelled();
    world.ends({ exitCode, message: 'Stopped\n' });
    world.settle();
    expect(recordOf(world)).toEqual(['Cancelled', 'Ended', 'Cancelled', 'Exec']);
  });

  it.each(['forbidden', 'impossible'] as const)('is a claim when no script has run: %s', (kind) => {
    const world = cancelled();
    world.tried({ kind, message: 'no' });
    world.settle();
    world.ends({ exitCode: 129, message: 'Stopped\n' });
    world.settle();
    expect(recordOf(world)).toEqual(BY_ITSELF);
    expect(world.run.said).toBe('Stopped');
  });

  it.each([
    { exitCode: 0, endedBy: 'Command' },
    { exitCode: 137, endedBy: 'Exec' },
  ])('after every signal was survived, it counts with the code of a signal: $exitCode', ({ exitCode, endedBy }) => {
    const world = cancelled();
    world.tried({ kind: 'survived', processes: 1 });
    world.pass(world.settle() ?? 0);
    world.settle();
    world.tried({ kind: 'asked' });
    world.ends({ exitCode, message: 'Stopped\n' });
    world.settle();
    expect(world.run.endedBy).toBe(endedBy);
  });

  it.each([129, 137, 143])('need not be said: exit code %s of a signal, after the script was sent', (exitCode) => {
    const world = cancelled();
    world.ends({ exitCode, reason: 'Error', message: 'Began\n' });
    world.settle();
    expect(recordOf(world)).toEqual(['Cancelled', 'Ended', 'Cancelled', 'Exec']);
    expect(world.run.said).toBe('Began');
  });

  it('is not seen where the supervisor says that the command ended by itself', () => {
    const world = cancelled();
    world.ends({ exitCode: 137, message: 'Exited\n' });
    world.settle();
    expect(recordOf(world)).toEqual(BY_ITSELF);
  });

  it('is not seen in an exit code that the command has by itself', () => {
    const world = cancelled();
    world.ends({ exitCode: 1, reason: 'Error' });
    world.settle();
    expect(recordOf(world)).toEqual(BY_ITSELF);
  });

  it('nor where the kubelet has another explanation', () => {
    const world = cancelled();
    world.ends({ exitCode: 137, reason: 'OOMKilled' });
    world.settle();
    expect(recordOf(world)).toEqual(['Completed', 'Ended', 'Exited', 'Kubelet']);
  });
});

it('what the runtime says of a start that failed was not said from inside', () => {
  const world = new World();
  world.settle();
  world.ends({ exitCode: 128, reason: 'StartError', message: 'exec: "x": executable file not found in $PATH' });
  world.settle();
  expect(world.run).toMatchObject({ state: 'Failed', reason: 'CommandNotFound' });
  expect([world.run.said, world.run.startedAt]).toEqual([undefined, undefined]);
  expect(wantsRetirement(world.session, world.run)).toBe(false);
});
