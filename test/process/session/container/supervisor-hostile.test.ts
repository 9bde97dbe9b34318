import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BEGAN, DEADLINE } from '../../../../src/session/container/supervisor.ts';
import { patient } from '../../../support/patience.ts';
import { BASH, eachBash, eachShellAsRoot, SOON, STUBBORN } from '../../../support/shells/each-shell.ts';
import { CAN_UNSHARE, SHELLS, Supervised } from '../../../support/shells/supervised.ts';

// A process namespace of its own, with processes that want the supervisor to miss its deadline, and a machine that
// stalls.

// 1024 is F_SETLEASE, 1 is F_WRLCK. The kubelet makes one $ of two.
const LEASE = [
  '$SIG{$_} = "IGNORE" for qw(IO HUP INT TERM)',
  'open my $file, "<", "/proc/$$$$/stat" or die',
  'fcntl $file, 1024, 1 or die',
  'sleep 100 while 1',
].join('; ');

describe('hostile processes of the same container', () => {
  const hostile = [
    { what: 'kills all', code: 'while :; do kill -9 -1; sleep .1; done' },
    { what: 'stops all', code: 'while :; do kill -STOP -1; sleep .1; done' },
    { what: 'stops and wakes all', code: 'while :; do kill -STOP -1; kill -CONT -1; sleep .1; done' },
    { what: 'sends it all that it hears', code: 'while :; do kill -USR2 1; kill -CHLD 1; kill -INT 1; sleep .1; done' },
    // A bash before 5.2 that naps by an alarm loses the alarm that comes while it handles a CHLD.
    { what: 'sends it CHLD all the time', code: 'for i in 1 2 3; do while :; do kill -CHLD 1; done & done; wait' },
    { what: 'sends all CHLD all the time', code: 'for i in 1 2 3; do while :; do kill -CHLD -1; done & done; wait' },
    // Whoever opens a file with a lease waits for 45 s (fcntl(2), F_SETLEASE). Each owns its files in /proc.
    { what: 'takes a lease of its file in /proc', code: `exec perl -e '${LEASE}'` },
  ];

  const shapes = SHELLS.flatMap((shell) => hostile.map((attack) => ({ ...shell, ...attack })));
  const eachShape = CAN_UNSHARE ? it.concurrent.each(shapes) : it.concurrent.skip.each(shapes);
  const hostileCommand = (code: string): string[] => ['sh', '-c', `trap "" HUP INT TERM; ${code}`];

  eachShape('the $shell supervisor ends a process that $what at its deadline', async ({ program, code }) => {
    const { seconds, word } = await Supervised.run({ program, ttl: 2, command: hostileCommand(code) });
    expect(word).toBe(DEADLINE);
    expect(seconds).toBeLessThan(patient(2 + 2 * SOON));
  });

  eachShellAsRoot('the $shell supervisor ends when a process takes /proc away', async ({ program }) => {
    const code = 'trap "" HUP INT TERM; mount -t tmpfs none /proc; while :; do sleep 1; done';
    const ended = await Supervised.run({ program, ttl: 60, command: ['sh', '-c', code] });
    expect(ended).toMatchObject({ code: 137, word: BEGAN, stderr: '' });
  });

  eachShellAsRoot('the $shell supervisor ends when a process makes /dev/null block', async ({ program }) => {
    const block = 'mkfifo "$FIFO" && mount --bind "$FIFO" /dev/null && while :; do kill -USR2 1; sleep .1; done';
    const folder = mkdtempSync(join(tmpdir(), 'fifo-'));
    const command = ['sh', '-c', block];
    const { code } = await Supervised.run({ program, command, env: { FIFO: join(folder, 'fifo') } });
    rmSync(folder, { recursive: true });
    expect(code).toBe(137);
  });

  // Bash before 5.2 loses a child whose end it learns when a signal ends its wait (jobs.c, `waitchld`).
  eachShellAsRoot('the $shell supervisor keeps the exit status in a flood of signals', async ({ shell, program }) => {
    const command = ['sh', '-c', 'for s in USR2 CHLD; do while :; do kill -$s 1; done & done; sleep .5; exit 7'];
    const ended = await Promise.all(Array.from({ length: 4 }, () => Supervised.run({ program, command })));
    const codes = ended.map(({ code }) => (shell === 'old bash' && code === 255 ? 7 : code));
    expect(codes).toEqual([7, 7, 7, 7]);
  });

  // The shell between supervisor and terminal is killed, and the container ends with it, or it lives on until the
  // deadline.
  eachShape('the $shell supervisor on a terminal ends a process that $what in time', async ({ program, code }) => {
    const { seconds } = await Supervised.run({ program, tty: true, ttl: 2, command: hostileCommand(code) });
    expect(seconds).toBeLessThan(patient(2 + 2 * SOON));
  });
});

describe('a machine that stalls', () => {
  const STRACE = '/usr/bin/strace';
  const stalled = CAN_UNSHARE && existsSync(STRACE) ? eachBash : it.concurrent.skip.each(BASH);

  // As when many processes want the core: the time of a timer is over before the shell has begun to wait for it.
  stalled('the $shell supervisor ends the command at its deadline when each timer is late', async ({ program }) => {
    const supervised = new Supervised({ program, ttl: 12, command: STUBBORN });
    await supervised.sees(/up/);
    const first = await supervised.watchdog();
    const delay = ['--trace=setitimer', '--inject=setitimer:delay_exit=250ms'];
    const strace = spawn(STRACE, ['-qq', '--output=/dev/null', `--attach=${first}`, ...delay], { stdio: 'inherit' });
    const traced = once(strace, 'exit');
    const overslept = setTimeout(() => process.kill(first, 'SIGKILL'), patient((12 + 2 * SOON) * 1000));
    const { code, word } = await supervised.ended();
    clearTimeout(overslept);
    expect({ code, word }).toEqual({ code: 137, word: DEADLINE });
    // Of a process that it could not trace, it says 1.
    expect(await traced).toEqual([0, null]);
  });
});
