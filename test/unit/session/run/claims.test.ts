import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { Terminated } from '../../../../src/api/pod.ts';
import { parseDuration } from '../../../../src/api/duration.ts';
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
  ])(
    'the word $word with exit code $exitCode after $seconds s is a claim, and the command has ended by itself',
    ({ word, seconds, exitCode }) => {
      const world = ran(seconds, { exitCode, message: `${word}\n` });
      expect(recordOf(world)).toEqual(BY_ITSELF);
      expect(world.run.said).toBe(word.replaceAll(/[^ -~]+/g, ' '));
      expect(wantsRetirement(world.session, world.run)).toBe(true);
    },
  );

  it.each(['CommandNotFound', 'Unsupported', 'TooLate', 'Deadline'])(
    'the record does not believe the word %s without a supervisor',
    (word) => {
      const exitCode = word === 'CommandNotFound' ? 127 : 125;
      expect(recordOf(ran(1, { exitCode, message: word }, { supervisor: 'None', ttl: '1s' }))).toEqual(BY_ITSELF);
    },
  );

  it.each(['CommandNotFound', 'TooLate', 'Deadline'])('the word %s without times of the kubelet is a claim', (word) => {
    const end = { exitCode: 127, message: word, startedAt: 'never', finishedAt: 'never' };
    expect(recordOf(ran(600, end))).toEqual(BY_ITSELF);
  });

  it('the run keeps the first 256 characters of a word', () => {
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
  ])('the word $word at once fails the run, and the pod of that run is retired', ({ word, exitCode, reason }) => {
    const world = ran(3, { exitCode, message: `${word}\n` });
    expect(recordOf(world)).toEqual(['Failed', 'Failed', reason, undefined]);
    expect(world.run).toMatchObject({ said: word, exitCode, startedAt: expect.anything() });
    expect(wantsRetirement(world.session, world.run)).toBe(true);
  });

  it('the word TooLate counts only for a container that started after startBy', () => {
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
  ])(
    'the word Deadline after $seconds s of 600 with exit code $exitCode names the supervisor',
    ({ seconds, exitCode }) => {
      const world = ran(seconds, { exitCode, message: 'Deadline' });
      expect(recordOf(world)).toEqual(['Expired', 'Ended', 'Expired', 'Supervisor']);
      expect(world.run.message).toBe('The supervisor ended it after 10m');
    },
  );

  it.each([129, 137, 143])(
    'the word Deadline 30 s late with exit code %s of a signal names the supervisor',
    (exitCode) => {
      const world = ran(630, { exitCode, message: 'Deadline' });
      expect(recordOf(world)).toEqual(['Expired', 'Ended', 'Expired', 'Supervisor']);
      expect(world.run.message).toBe('The supervisor ended it after 10m, 30 s late');
    },
  );
});

describe('the word Deadline while the operator tells another ttl', () => {
  it.each([
    ['5m', '10m', 600, { ttl: '10m' }],
    ['10m', '5m', 600, { ttl: '10m', wantedTtl: '5m' }],
    ['10m', '5m', 300, { ttl: '5m' }],
  ])(
    'the record of a container with a ttl of %s that is told %s and ends after %i s has the ttl that was over',
    (ttl, wanted, seconds, recorded) => {
      const world = World.running({ ttl });
      world.edit({ ttl: wanted });
      world.settle();
      expect([world.run.effective?.ttl, world.run.wantedTtl]).toEqual([ttl, wanted]);
      world.pass(seconds * 1000);
      world.ends({ exitCode: 0, message: 'Deadline' });
      world.settle();
      const { endedBy, message, effective, wantedTtl, startedAt, expiresAt } = world.run;
      expect([endedBy, message]).toEqual(['Supervisor', `The supervisor ended it after ${recorded.ttl}`]);
      expect({ ttl: effective?.ttl, wantedTtl }).toEqual({ wantedTtl: undefined, ...recorded });
      expect(Date.parse(expiresAt ?? '') - Date.parse(startedAt ?? '')).toBe(parseDuration(recorded.ttl));
    },
  );
});

describe('the word Stopped', () => {
  /** Cancelled after a minute, and tried once. */
  const cancelled = (spec: Partial<DebugSessionSpec> = {}): World => {
    const world = World.running({ ttl: '10m', stdin: false, tty: false, command: ['sleep', '600'], ...spec });
    world.pass(60_000);
    world.edit({ cancel: true });
    world.settle();
    expect(world.run.stop?.routes).toEqual(['Exec']);
    return world;
  };

  it.each([0, 129])(
    'the word Stopped with exit code %s names the exec after the operator has run the stop script',
    (exitCode) => {
      const world = cancelled();
      world.ends({ exitCode, message: 'Stopped\n' });
      world.settle();
      expect(recordOf(world)).toEqual(['Cancelled', 'Ended', 'Cancelled', 'Exec']);
    },
  );

  it.each(['forbidden', 'impossible'] as const)('the word Stopped is a claim when the stop script was %s', (kind) => {
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
  ])(
    'the word Stopped with exit code $exitCode names $endedBy after a process survived the stop script',
    ({ exitCode, endedBy }) => {
      const world = cancelled();
      world.tried({ kind: 'survived', processes: 1 });
      world.pass(world.settle() ?? 0);
      world.settle();
      world.tried({ kind: 'asked' });
      world.ends({ exitCode, message: 'Stopped\n' });
      world.settle();
      expect(world.run.endedBy).toBe(endedBy);
    },
  );

  it.each([129, 137, 143])(
    'an exit code %s of a signal after the stop script names the exec without the word Stopped',
    (exitCode) => {
      const world = cancelled();
      world.ends({ exitCode, reason: 'Error', message: 'Began\n' });
      world.settle();
      expect(recordOf(world)).toEqual(['Cancelled', 'Ended', 'Cancelled', 'Exec']);
      expect(world.run.said).toBe('Began');
    },
  );

  it.each([
    { kind: 'asked' as const, wanted: ['Cancelled', 'Ended', 'Cancelled', 'Exec'] },
    { kind: 'forbidden' as const, wanted: ['Failed', 'Failed', 'SupervisorUnsupported', undefined] },
  ])('the word Unsupported at once after a stop script that was $kind is recorded as $wanted', ({ kind, wanted }) => {
    const world = World.running({ ttl: '10m', command: ['sleep', '600'] });
    world.edit({ cancel: true });
    world.settle();
    world.tried(kind === 'asked' ? { kind } : { kind, message: 'no' });
    world.settle();
    world.ends({ exitCode: 125, message: 'Unsupported\n' });
    world.settle();
    expect(recordOf(world)).toEqual(wanted);
  });

  it('the word Exited of the supervisor names the command although the operator ran the stop script', () => {
    const world = cancelled();
    world.ends({ exitCode: 137, message: 'Exited\n' });
    world.settle();
    expect(recordOf(world)).toEqual(BY_ITSELF);
  });

  it('an exit code of the command itself names the command although the operator ran the stop script', () => {
    const world = cancelled();
    world.ends({ exitCode: 1, reason: 'Error' });
    world.settle();
    expect(recordOf(world)).toEqual(BY_ITSELF);
  });

  it('a kill for lack of memory names the kubelet although the operator ran the stop script', () => {
    const world = cancelled();
    world.ends({ exitCode: 137, reason: 'OOMKilled' });
    world.settle();
    expect(recordOf(world)).toEqual(['Completed', 'Ended', 'Exited', 'Kubelet']);
  });
});

it('the words of the runtime about a failed start are not recorded as said by the container', () => {
  const world = new World();
  world.settle();
  world.ends({ exitCode: 128, reason: 'StartError', message: 'exec: "x": executable file not found in $PATH' });
  world.settle();
  expect(world.run).toMatchObject({ state: 'Failed', reason: 'CommandNotFound' });
  expect([world.run.said, world.run.startedAt]).toEqual([undefined, undefined]);
  expect(wantsRetirement(world.session, world.run)).toBe(false);
});
