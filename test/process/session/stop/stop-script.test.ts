import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readStopAnswer, SHELLS as WAYS, stopCommand, ttlCommand } from '../../../../src/session/stop/stop-script.ts';
import { WATCHDOG_NAME } from '../../../../src/session/container/supervisor-script.ts';
import { DEADLINE, STOPPED } from '../../../../src/session/container/supervisor.ts';
import { Application } from '../../../support/shells/application.ts';
import { descendants, fingerprint } from '../../../support/shells/processes.ts';
import { CAN_UNSHARE, type Said, SHELLS, Supervised, type Wish } from '../../../support/shells/supervised.ts';

const NONE = ['sh', '-c', 'echo up; sleep 60; :'];
const STUBBORN = ['sh', '-c', 'trap "" HUP TERM INT; echo up; while :; do sleep 1; done'];
/**
 * As process 1 of its own namespace it cannot be ended from within. It waits on a pipe, and goes with whom that leads
 * to.
 */
const IMMUNE = ['sh', '-c', 'echo up; while read -r _; do :; done'];

const eachShellAsRoot = CAN_UNSHARE ? it.concurrent.each(SHELLS) : it.concurrent.skip.each(SHELLS);
const stop = (container: Supervised): Promise<Said> => container.exec(stopCommand(['sh'], container.meant));
const inSeconds = (seconds: number): number => Date.now() + seconds * 1000;

async function running(wish: Wish): Promise<Supervised> {
  const container = new Supervised(wish);
  await container.sees(/up/);
  if (!wish.unsupervised) await container.watchdog();
  return container;
}

describe('the words of an exec', () => {
  it('the words of an exec are the shell, the script and whole numbers', () => {
    const id = '76d01a1acdb08a61a2076c72b943';
    const meant = { name: 'debug-1-1', containerID: `containerd://${id}` };
    const [binary, applet, flag, , ...rest] = stopCommand(['/bin/busybox', 'sh'], meant, { graceSeconds: 1 });
    expect([binary, applet, flag, ...rest]).toEqual(['/bin/busybox', 'sh', '-c', 'stop', 'debug-1-1', id, '1']);
    expect(stopCommand(['sh'], meant).at(-1)).toBe('2');
    const ttl = ttlCommand(['sh'], meant, { ttlSeconds: 90, lastMoment: 1_700_000_090_999 });
    expect(ttl.slice(3)).toEqual(['ttl', 'debug-1-1', id, '90', '1700000090']);
  });

  it.each([undefined, '', 'containerd://', 'containerd://1', '76d01a1acdb08a61a2076c72b943', 'x://a/76d01a1acdb08a61'])(
    'the words of an exec leave out the ID %j, because every path would match it',
    (containerID) => {
      expect(stopCommand(['sh'], { name: 'debug-1-1', containerID }).slice(-3)).toEqual(['debug-1-1', '', '2']);
    },
  );

  it('the words of an exec try a shell by its path before any shell by its name', () => {
    const named = WAYS.map(([program = '']) => !program.startsWith('/'));
    expect(named).toEqual([...named].sort());
    expect(WAYS).toContainEqual(['sh']);
    expect(new Set(WAYS.map((way) => way.join(' '))).size).toBe(WAYS.length);
  });

  it('the stop script never signals all processes at once', () => {
    const meant = { name: 'debug-1-1' };
    for (const words of [stopCommand(['sh'], meant), ttlCommand(['sh'], meant, { ttlSeconds: 1, lastMoment: 1 })]) {
      expect(words.join(' ').match(/\bkill\b.*/g)).toEqual(
        expect.arrayContaining(['kill -$1 ${_d#/proc/}', 'kill -$1 $_p && _told=$_p']),
      );
      expect(words.join(' ')).not.toMatch(/kill[^\n]*-1\b|killall|pkill/);
    }
  });
});

describe('an answer', () => {
  it.each([
    ['Survived 0\n', 0, { answer: 'Survived', processes: 0 }],
    ['Survived 12\n', 1, { answer: 'Survived', processes: 12 }],
    ['Changed\n', 0, { answer: 'Changed' }],
    ['NoWatchdog\n', 1, { answer: 'NoWatchdog' }],
    ['Unheard\n', 1, { answer: 'Unheard' }],
    ['Blind\n', 1, { answer: 'Blind' }],
    ['', 127, { answer: 'NoShell' }],
    ['', 126, { answer: 'NoShell' }],
    ['', 137, { answer: 'None' }],
    ['', undefined, { answer: 'None' }],
    ['Survived 1', undefined, { answer: 'None' }],
    ['Survived \n', 1, { answer: 'None' }],
    ['Survived 123456789\n', 1, { answer: 'None' }],
    ['x Changed\n', 0, { answer: 'None' }],
  ] as const)('the output %j with exit code %j means %j', (stdout, code, answer) => {
    expect(readStopAnswer(stdout, code)).toEqual(answer);
  });
});

describe('its own process namespace', () => {
  eachShellAsRoot('the $shell stop script has the watchdog end the command', async ({ program }) => {
    const container = await running({ program, command: NONE });
    await stop(container);
    expect(await container.ended()).toMatchObject({ code: 129, word: STOPPED });
  });

  eachShellAsRoot('the $shell stop script gives an unsupervised command time to clean up', async ({ program }) => {
    const code =
      'trap "sleep 1; echo clean; exit 4" TERM; trap "" HUP; echo up; n=0; while [ $((n += 1)) -lt 300 ]; do sleep .1; done';
    const container = await running({ program, unsupervised: true, command: ['sh', '-c', code] });
    await stop(container);
    expect(await container.ended()).toMatchObject({ code: 4, stdout: 'up\nclean\n', word: STOPPED });
  });

  eachShellAsRoot('the $shell stop script says that process 1 survived, and writes no end', async ({ program }) => {
    const container = await running({ program, unsupervised: true, command: IMMUNE });
    try {
      const { code, stdout } = await stop(container);
      expect(readStopAnswer(stdout, code ?? undefined)).toEqual({ answer: 'Survived', processes: 1 });
      expect(container.log).toBe('');
    } finally {
      container.signal('SIGKILL');
      await container.ended();
    }
  });

  // Bash makes the kernel list the mounts anew for each line. It misses lines when mounts go meanwhile.
  eachShellAsRoot(
    'the $shell stop script reads the mounts again when they do not show its own',
    async ({ program }) => {
      const list = join(mkdtempSync(join(tmpdir(), 'mounts-')), 'list');
      const command = [
        'sh',
        '-c',
        'mkfifo "$1"; echo up; echo none >"$1"; sleep 1; cat /proc/self/mountinfo >"$1"; read -r _',
      ];
      const container = await running({ program, unsupervised: true, command: [...command, 'sh', list] });
      try {
        const words = stopCommand(['sh'], container.meant).map((word) => word.replace('/proc/self/mountinfo', list));
        expect((await container.exec(words)).stdout).toBe('Survived 1\n');
      } finally {
        container.signal('SIGKILL');
        await container.ended();
        rmSync(dirname(list), { recursive: true });
      }
    },
  );

  eachShellAsRoot('the $shell stop script ends the container also when two run at once', async ({ program }) => {
    const container = await running({ program, command: NONE });
    await Promise.all([stop(container), stop(container)]);
    expect(await container.ended()).toMatchObject({ word: STOPPED });
  });

  eachShellAsRoot('the $shell stop script needs no other program', async ({ program }) => {
    const container = await running({ program, unsupervised: true, programs: [], command: IMMUNE });
    const { stdout } = await stop(container);
    expect(stdout).toBe('Survived 1\n');
    container.signal('SIGKILL');
    await container.ended();
  });
});

describe("the application's process namespace", () => {
  /**
   * Processes that are none of the container's: PID 1, its children of the same names and words, one that calls itself
   * a watchdog.
   */
  async function crowd(program: string, join: number): Promise<{ fingerprints: () => string[]; crowd: Supervised }> {
    const code = `
      sleep 600 & sh -c 'sleep 600; :' & (exec -a supervisor sleep 600 || exec sleep 600) 2>/dev/null &
      sh -c 'echo -n ${WATCHDOG_NAME} >/proc/self/comm; trap "" TERM; while :; do sleep 600; done' &
      (sleep 600 &)
      echo up; wait`;
    const decoys = await running({ program, join, unsupervised: true, command: ['sh', '-c', code] });
    await delay(300);
    const all = [join, ...descendants(join), decoys.first, ...descendants(decoys.first)];
    return { crowd: decoys, fingerprints: () => all.map(fingerprint) };
  }

  // What the supervisor can leave without a trace: a shell that is ended while it waits for a child cannot reap it,
  // unless it has a terminal.
  const stubborn = ['sh', '-c', 'trap "" HUP TERM INT; echo up; exec sleep 60'];
  const supervised = [
    { what: 'a command', wish: { command: ['sh', '-c', 'echo up; exec sleep 60'] } },
    { what: 'a stubborn one', wish: { command: stubborn } },
    { what: 'one on a terminal', wish: { command: ['sh', '-ic', 'echo up; sleep 60; :'], tty: true } },
  ];
  const unsupervised = [
    { what: 'unsupervised', wish: { command: NONE, unsupervised: true } },
    { what: 'unsupervised and stubborn', wish: { command: STUBBORN, unsupervised: true } },
  ];
  const alive = (lines: string[]): string[] => lines.filter((line) => !line.startsWith('zombie'));

  // In a process namespace of its own nobody can stop it from inside.
  eachShellAsRoot('the $shell stop script ends a command whose watchdog is stopped', async ({ program }) => {
    const application = new Application();
    try {
      const container = await running({ program, join: await application.started(), command: STUBBORN });
      process.kill(await container.watchdog(), 'SIGSTOP');
      await stop(container);
      // nsenter stops itself with its child.
      container.child.kill('SIGCONT');
      expect((await container.ended()).word).toBe(STOPPED);
    } finally {
      application.stop();
    }
  });

  eachShellAsRoot('the $shell stop script ends the container and no other process', async ({ program }) => {
    const application = new Application();
    const join = await application.started();
    const { crowd: decoys, fingerprints } = await crowd(program, join);
    const stopOne = async (wish: Omit<Wish, 'program'>): Promise<string> => {
      const container = await running({ program, join, ...wish });
      await stop(container);
      return (await container.ended()).word;
    };
    try {
      const before = fingerprints();
      const adopted = await application.adopted();
      expect(before.length).toBeGreaterThan(6);
      const first = await Promise.all(supervised.map(({ wish }) => stopOne(wish)));
      expect(first).toEqual(supervised.map(() => STOPPED));
      expect(await application.adopted()).toEqual(adopted);
      // Nobody reaps what loses its parent here: dead, but there.
      const second = await Promise.all(unsupervised.map(({ wish }) => stopOne(wish)));
      expect(second).toEqual(unsupervised.map(() => STOPPED));
      expect(alive(await application.adopted())).toEqual(alive(adopted));
      expect(fingerprints()).toEqual(before);
    } finally {
      application.stop();
      await decoys.ended();
    }
  });
});

describe('another ttl', () => {
  eachShellAsRoot('the $shell watchdog takes a new ttl, and ends a command past it', async ({ program }) => {
    const container = await running({ program, ttl: 40, command: NONE });
    const tell = (ttlSeconds: number) =>
      container.exec(ttlCommand(['sh'], container.meant, { ttlSeconds, lastMoment: inSeconds(600) }));
    expect(await tell(90)).toEqual({ code: 0, stdout: 'Changed\n' });
    expect(container.log).toBe('Began\n');
    await tell(1);
    expect(await container.ended()).toMatchObject({ code: 129, word: DEADLINE });
  });

  eachShellAsRoot('the $shell stop script says when no watchdog takes the ttl', async ({ program }) => {
    const tell = async (container: Supervised) =>
      (await container.exec(ttlCommand(['sh'], container.meant, { ttlSeconds: 90, lastMoment: inSeconds(600) })))
        .stdout;
    const deaf = await running({ program, command: NONE });
    process.kill(await deaf.watchdog(), 'SIGSTOP');
    expect(await tell(deaf)).toBe('Unheard\n');
    expect(deaf.log).toBe('Began\n');
    deaf.log = `${DEADLINE}\n`;
    expect(await tell(deaf)).toBe('Unheard\n');
    expect(deaf.log).toBe(`${DEADLINE}\n`);
    deaf.signal('SIGCONT');
    deaf.signal('SIGTERM');
    await deaf.ended();
    const none = await running({ program, unsupervised: true, command: NONE });
    expect(await tell(none)).toBe('NoWatchdog\n');
    none.signal('SIGKILL');
    await none.ended();
  });
});
