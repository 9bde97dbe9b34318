import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { withLock } from '../../cluster/lock.ts';
import { isAlive, parseRecord, parseStat } from '../../cluster/process-record.ts';
import { Processes } from '../../cluster/processes.ts';

const stat = (name: string, start: string, state = 'S', threads = 1) =>
  `42 (${name}) ${state} 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 ${threads} 0 ${start} 1000 10`;

describe('a process record', () => {
  const record = { pid: 42, startTicks: '777', bootId: 'boot' };

  it.each(['sleep', 'a b', 'bad) S 1', '((('])(
    'a process record is read from the stat line of a program called %j',
    (name) => {
      expect(parseRecord(`boot ${stat(name, '777')}`)).toEqual(record);
    },
  );

  it.each(['', 'boot', 'boot 42', 'boot 42 (sleep) S 1 2', ' 42 (x) S'])(
    'a process record that was cut short (%j) counts as none',
    (text) => {
      expect(parseRecord(text)).toBeUndefined();
    },
  );

  it.each([
    ['the same process', 'boot', stat('x', '777'), true],
    ['the same process, which has become another program', 'boot', stat('y', '777'), true],
    ['a later process with the same id', 'boot', stat('x', '778'), false],
    ['a process of the same age after another boot', 'other', stat('x', '777'), false],
    ['a zombie', 'boot', stat('x', '777', 'Z'), false],
    ['a zombie whose other threads still hold its ports', 'boot', stat('x', '777', 'Z', 9), true],
    ['no process', 'boot', undefined, false],
  ])('the launcher judges whether its program is alive, given %s', (_what, boot, line, alive) => {
    expect(isAlive(record, boot, line)).toBe(alive);
  });
});

/** The letter of its state in /proc. */
function stateOf(pid: number): string {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.state ?? '';
  } catch {
    return 'gone';
  }
}

// What follows needs /proc and abstract sockets.
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('processes', () => {
  const started: Processes[] = [];
  const make = () => {
    const folder = mkdtempSync(join(tmpdir(), 'processes-'));
    const processes = new Processes(join(folder, 'run'), join(folder, 'log'));
    started.push(processes);
    return { folder, processes };
  };
  const env = { PATH: '/usr/bin:/bin' };
  afterEach(async () => {
    for (const processes of started.splice(0)) await processes.stop('program', 0);
  });

  it('the launcher records a program before it runs, and starts it once', async () => {
    const { processes } = make();
    await processes.start({ name: 'program', argv: ['sleep', '100'], env });
    const first = processes.record('program');
    await processes.start({ name: 'program', argv: ['sleep', '100'], env });
    expect(processes.record('program')).toEqual(first);
    expect(processes.isRunning('program')).toBe(true);
    expect(parseStat(readFileSync(`/proc/${first?.pid}/stat`, 'utf8'))?.startTicks).toBe(first?.startTicks);
  });

  it('the launcher has ended a program when stop returns, also a program that ignores TERM', async () => {
    const { processes } = make();
    const argv = ['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 1; done'];
    await processes.start({ name: 'program', argv, env });
    const pid = processes.record('program')?.pid ?? 0;
    while (!processes.lastWords('program').includes('deaf')) await new Promise((done) => setTimeout(done, 5));
    await processes.stop('program', 100);
    // This process, its parent, may not have learned of its end.
    expect(stateOf(pid)).toMatch(/^(gone|Z)$/);
    expect(processes.record('program')).toBeUndefined();
  });

  it('the launcher never signals a stranger with the process ID of an earlier program', async () => {
    const { folder, processes } = make();
    await processes.start({ name: 'program', argv: ['sleep', '100'], env });
    const file = join(folder, 'run', 'program.stat');
    const record = readFileSync(file, 'utf8');
    await processes.stop('program', 1000);
    const stranger = spawn('sleep', ['100']);
    const fields = record.split(' ');
    fields[1] = String(stranger.pid);
    fields[22] = String(Number(fields[22]) - 1);
    writeFileSync(file, fields.join(' '));
    expect(processes.record('program')?.pid).toBe(stranger.pid);
    await processes.stop('program', 0);
    expect(() => process.kill(stranger.pid ?? 0, 0)).not.toThrow();
    stranger.kill();
  });

  it('the launcher keeps the last lines of a program that died', async () => {
    const { processes } = make();
    await processes.start({ name: 'program', argv: ['sh', '-c', 'echo first; echo port in use >&2; exit 1'], env });
    while (processes.isRunning('program')) await new Promise((done) => setTimeout(done, 5));
    expect(processes.lastWords('program', 1)).toBe('port in use');
  });
});

describeOnLinux('the lock', () => {
  it('the lock admits one at a time, and the next when the work throws', async () => {
    const key = `test ${process.pid} ${performance.now()}`;
    let inside = 0;
    let most = 0;
    let waits = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((done) => setTimeout(done, 20));
      inside--;
      throw new Error('work failed');
    };
    const tries = [1, 2, 3].map(() => withLock(key, () => waits++, work).catch((error: Error) => error.message));
    expect(await Promise.all(tries)).toEqual(['work failed', 'work failed', 'work failed']);
    expect(most).toBe(1);
    expect(waits).toBeGreaterThan(0);
  });
});
