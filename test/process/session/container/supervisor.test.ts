import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COMMAND_FOREIGN,
  COMMAND_IS_BUILTIN,
  COMMAND_IS_DIRECTORY,
  COMMAND_NOT_EXECUTABLE,
  COMMAND_NOT_FOUND,
  DEADLINE,
  EXITED,
  BEGAN,
  TOO_LATE,
  UNSUPPORTED,
  VARIABLES_UNSUPPORTED,
} from '../../../../src/session/container/supervisor.ts';
import { patient } from '../../../support/patience.ts';
import { Application } from '../../../support/shells/application.ts';
import {
  eachBash,
  eachShell,
  eachShellAsRoot,
  everyShell,
  SOON,
  STUBBORN,
} from '../../../support/shells/each-shell.ts';
import { commandLine, descendants } from '../../../support/shells/processes.ts';
import { CAN_UNSHARE, SHELLS, Supervised, type Wish } from '../../../support/shells/supervised.ts';

// Busybox asks after it where the cursor is.
const PROMPT = /[>#] ([^ ]\[6n)?$/;

const run = (wish: Wish, input?: string) => Supervised.run(wish, input);
const busybox = (program: string): boolean => program.endsWith('busybox');

describe('any shell', () => {
  eachShell("the $shell supervisor ends with the command's own exit status", async ({ program }) => {
    for (const code of [0, 1, 7, 125, 129, 148, 255]) {
      expect(await run({ program, command: ['sh', '-c', `exit ${code}`] })).toMatchObject({ code, word: EXITED });
    }
    expect(await run({ program, command: ['sh', '-c', 'kill -9 $$$$'] })).toMatchObject({ code: 137, word: EXITED });
  });

  eachShell('the $shell supervisor passes words, variables, input and outputs as they are', async ({ program }) => {
    const words = ['a b', '', "it's", '"', '*', '\\n', '-n', '$HOME', 'new\nline', 'ü'];
    const code = 'for w; do printf "%s|" "$w"; done; cat; echo "$_ttl $_end $log $c" >&2';
    const env = { log: 'mine', c: 'other', IFS: 'x', u: '1' };
    const seen = await run({ program, command: ['sh', '-c', code, 'sh', ...words], env }, 'from outside');
    expect(seen).toMatchObject({ code: 0, stdout: `${words.join('|')}|from outside`, stderr: '  mine other\n' });
  });

  eachShell('the $shell supervisor runs a program, not a function or a builtin of that name', async ({ program }) => {
    expect((await run({ program, command: ['exit', '3'] })).code).toBe(127);
    expect((await run({ program, command: ['_watch'] })).code).toBe(127);
  });

  eachShell('the $shell supervisor ends the command at its deadline, not before, and says so', async ({ program }) => {
    const ended = await run({ program, command: ['sleep', '60'], ttl: 2 });
    expect(ended).toMatchObject({ code: 129, word: DEADLINE });
    expect(ended.seconds).toBeGreaterThanOrEqual(1.9);
    expect(ended.seconds).toBeLessThan(patient(2 + SOON));
  });

  eachShell('the $shell supervisor ends the command at its last moment at the latest', async ({ program }) => {
    const ended = await run({ program, command: ['sleep', '60'], ttl: 50, startWithin: 1, lastMomentIn: 2 });
    expect(ended).toMatchObject({ code: 129, word: DEADLINE });
    expect(ended.seconds).toBeLessThan(patient(2 + SOON));
  });

  eachShell('the $shell supervisor ends a command that ignores HUP, TERM and INT', async ({ program }) => {
    expect(await run({ program, command: STUBBORN, ttl: 1 })).toMatchObject({ code: 137, word: DEADLINE });
  });

  // A bash that is a POSIX shell takes the CHLD of another process for the status of the command, now and then.
  eachBash("the $shell supervisor tells the command's end from those of its children", async ({ program }) => {
    const children = 'i=0; while [ $i -lt 40 ]; do sleep 60 & all="$all $!" i=$((i + 1)); done';
    const command = ['sh', '-c', `${children}; (for p in $$$$ $all; do kill -9 $p; done) & wait`];
    const ended = await Promise.all(Array.from({ length: 40 }, () => run({ program, command })));
    expect(new Set(ended.map((one) => one.code))).toEqual(new Set([137]));
  });

  eachShell('the $shell supervisor gives a command time that cleans up on HUP', async ({ program }) => {
    const code = 'trap "sleep .3; echo clean; exit 4" HUP; while :; do sleep .1; done';
    const ended = await run({ program, command: ['sh', '-c', code], ttl: 1 });
    expect(ended).toMatchObject({ code: 4, stdout: 'clean\n', word: DEADLINE });
  });

  eachShell('the $shell supervisor lets no line of a script run after the deadline', async ({ program }) => {
    const ended = await run({ program, command: ['sh', '-c', 'sleep 60; echo "rm -r"'], ttl: 1 });
    expect(ended).toMatchObject({ stdout: '', word: DEADLINE });
  });

  eachShell('the $shell supervisor does not start a command too late', async ({ program }) => {
    const late = await run({ program, command: ['echo', 'started'], startWithin: -2, lastMomentIn: 60 });
    expect(late).toMatchObject({ code: 125, stdout: '', word: TOO_LATE });
    const over = await run({ program, command: ['echo', 'started'], startWithin: 60, lastMomentIn: -1 });
    expect(over).toMatchObject({ code: 125, stdout: '', word: TOO_LATE });
  });

  everyShell('the $shell supervisor runs a command to its end or deadline, also on a terminal', async ({ program }) => {
    for (const tty of CAN_UNSHARE ? [false, true] : [false]) {
      const ended = await run({ program, tty, command: ['/bin/sh', '-c', 'echo up; exit 5'] });
      expect(ended).toMatchObject({ code: 5, word: EXITED, stdout: expect.stringMatching(/^up\r?\n$/) });
      const over = await run({ program, tty, ttl: 1, command: ['/bin/sh', '-c', 'echo up; sleep 60'] });
      expect(over).toMatchObject({ word: DEADLINE, stdout: expect.stringMatching(/^up\r?\n$/) });
      expect([129, 130]).toContain(over.code);
    }
  });

  eachShell('the $shell supervisor leaves the word Began when the container is killed', async ({ program }) => {
    const killed = new Supervised({ program, command: ['sh', '-c', 'echo up; sleep 60'] });
    await killed.sees(/up/);
    killed.signal('SIGKILL');
    expect((await killed.ended()).word).toBe(BEGAN);
  });

  eachShell('the $shell supervisor leaves the words of the command in the log', async ({ program }) => {
    const wrote = new Supervised({ program, command: ['sh', '-c', 'echo up; read line'] });
    await wrote.sees(/up/);
    wrote.log = 'a conclusion';
    wrote.type('\n');
    expect(await wrote.ended()).toMatchObject({ code: 0, word: 'a conclusion' });
  });

  describe('a command that cannot be executed', () => {
    let folder: string;
    const file = (name: string, content: string | Buffer, mode = 0o755): string => {
      const path = join(folder, name);
      writeFileSync(path, content, { mode });
      return path;
    };
    let cases: { command: string[]; word: string }[];

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'commands-'));
      const elf = Buffer.alloc(64);
      elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
      // AArch64, or x86-64 where that is this machine's own.
      elf.set([2, 0, process.arch === 'arm64' ? 0x3e : 0xb7], 16);
      cases = [
        { command: ['cd', '/tmp'], word: COMMAND_IS_BUILTIN },
        { command: ['no-such-program'], word: COMMAND_NOT_FOUND },
        { command: ['/no/such/program'], word: COMMAND_NOT_FOUND },
        { command: ['/etc'], word: COMMAND_IS_DIRECTORY },
        { command: ['/etc/passwd'], word: COMMAND_NOT_EXECUTABLE },
        { command: ['/dev/null'], word: COMMAND_NOT_EXECUTABLE },
        { command: [file('lonely', '#!/no/such/interpreter -x\n')], word: COMMAND_NOT_EXECUTABLE },
        { command: [file('windows', '#!/bin/sh\r\necho x\r\n')], word: COMMAND_NOT_EXECUTABLE },
        { command: [file('foreign', elf)], word: COMMAND_FOREIGN },
      ];
      file('later', '#! /bin/sh\nexit 4\n');
      mkdirSync(join(folder, 'first', 'later'), { recursive: true });
    });

    afterAll(() => rmSync(folder, { recursive: true }));

    everyShell('the $shell supervisor says why it cannot run a command, and runs nothing', async ({ program }) => {
      for (const { command, word } of cases) {
        const { word: said, code, stdout } = await run({ program, command });
        expect({ command, said, stdout }).toEqual({ command, said: word, stdout: '' });
        expect(word === COMMAND_FOREIGN ? [2, 126, 127] : [127]).toContain(code);
      }
    });

    everyShell('the $shell supervisor searches the next folder of PATH like the kernel', async ({ program }) => {
      const env = { PATH: `${folder}/first:/nowhere:${folder}` };
      expect(await run({ program, env, command: ['later'] })).toMatchObject({ code: 4, word: EXITED });
    });
  });

  // Dash drops names that are no words of a shell.
  it.concurrent.each(SHELLS.filter(({ program }) => !busybox(program)))(
    'the $shell supervisor runs nothing without env and tr when there are variables of any name',
    async ({ program }) => {
      const wish = { program, command: ['echo', 'x'], programs: ['echo', 'sleep'] };
      for (const env of [{ A: '1' }, { 'my-key': '1' }, { 'a.b': '\n' }])
        expect(await run({ ...wish, env })).toMatchObject({ code: 125, stdout: '', word: VARIABLES_UNSUPPORTED });
      expect(await run({ ...wish, own: { 'my-key': '1' } })).toMatchObject({ code: 0, word: EXITED });
    },
  );

  eachShell('the $shell supervisor says that the command is missing', async ({ program }) => {
    const ended = await run({ program, command: ['no-such-program', 'x'] });
    expect(ended).toMatchObject({ code: 127, word: COMMAND_NOT_FOUND });
    expect(ended.stderr).toContain('no-such-program');
  });

  // Busybox' own sh finds its applets without a file: there `sleep` is never missing.
  it.concurrent.each(SHELLS.filter(({ program }) => !busybox(program)))(
    'the $shell supervisor runs nothing without sleep, because it could not end the command',
    async ({ program }) => {
      const ended = await run({ program, command: ['echo', 'x'], programs: ['echo'] });
      expect(ended).toMatchObject({ code: 125, stdout: '', word: UNSUPPORTED });
    },
  );

  eachShell('the $shell supervisor needs no program except sleep', async ({ program }) => {
    const ended = await run({ program, command: ['sleep', '60'], programs: ['sleep'], ttl: 1 });
    expect(ended).toMatchObject({ word: DEADLINE });
  });

  eachShell('the $shell supervisor shows ps one short line for each of its processes', async ({ program }) => {
    for (const tty of CAN_UNSHARE ? [false, true] : [false]) {
      const command = ['sh', '-c', 'echo up; exec sleep 60'];
      const supervised = new Supervised({ program, command, tty, ttl: 60 });
      await supervised.sees(/up/);
      const first = await supervised.watchdog();
      const lines = [first, ...descendants(first)].map(commandLine);
      process.kill(first, 'SIGUSR1');
      await supervised.ended();
      expect(lines.filter((line) => line.includes('supervisor'))).not.toEqual([]);
      expect(lines.filter((line) => line.includes('\n') || line.length > 200)).toEqual([]);
    }
  });

  eachShell('the $shell supervisor hands the command no variable of its own, also without env', async ({ program }) => {
    for (const tty of CAN_UNSHARE ? [false, true] : [false]) {
      const { stdout } = await run({ program, command: ['printenv'], programs: ['sleep', 'printenv'], tty });
      expect(stdout).toContain('PATH=');
      expect(stdout).not.toMatch(/DEBUGSESSION|_run|_between|_mine/);
    }
  });

  eachShell('the $shell supervisor ends a process whose name looks like a stat line', async ({ shell, program }) => {
    const name = `/tmp/) Z 1 ${shell}`;
    const code = `ln -sf /usr/bin/sleep "${name}"; trap 'rm "${name}"; exit 4' HUP; "${name}" 60`;
    expect(await run({ program, command: ['sh', '-c', code], ttl: 1 })).toMatchObject({ code: 4, word: DEADLINE });
  });
});

describe('terminals', () => {
  eachShellAsRoot('the $shell supervisor gives a terminal Ctrl-C, Ctrl-Z, fg and exit status', async ({ program }) => {
    const supervised = new Supervised({ program, tty: true, command: ['sh', '-i'] });
    const answer = async (keys: string, shown: RegExp): Promise<void> => {
      const from = supervised.stdout.length;
      supervised.type(keys);
      await supervised.sees(shown, from);
    };
    await supervised.sees(PROMPT);
    await answer(`sh -c 'echo u\\p; exec sleep 60'\r`, /\nup/);
    await answer('\x03', PROMPT);
    await answer('echo code=$?\r', /code=130[^]*[>#] /);
    await answer(`sh -c 'echo u\\p; read word; echo "got $word"'\r`, /\nup/);
    await answer('\x1a', PROMPT);
    await answer('jobs; echo\r', /Stopped[^]*[>#] /);
    await answer('fg\r', /read word/);
    await answer('word\r', /got word[^]*[>#] /);
    supervised.type('exit 5\r');
    expect(await supervised.ended()).toMatchObject({ code: 5, word: EXITED });
    expect(supervised.stdout).not.toMatch(/can't access tty|no job control|_p/);
  });

  eachShellAsRoot('the $shell supervisor passes Ctrl-C to a command that is no shell', async ({ program }) => {
    const command = ['sh', '-c', 'trap "exit 6" INT; echo up; while :; do sleep 1; done'];
    const supervised = new Supervised({ program, tty: true, command });
    await supervised.sees(/up/);
    supervised.type('\x03');
    expect(await supervised.ended()).toMatchObject({ code: 6, word: EXITED });
  });

  eachShellAsRoot('the $shell supervisor goes on after Ctrl-Z to a command that is no shell', async ({ program }) => {
    const command = ['sh', '-c', 'echo up; read line; echo "got $line"; exit 8'];
    const supervised = new Supervised({ program, tty: true, command });
    await supervised.sees(/up/);
    supervised.type('\x1a');
    supervised.type('word\r');
    await supervised.sees(/got .*word/);
    expect((await supervised.ended()).code).toBe(8);
  });

  eachShellAsRoot('the $shell supervisor ends a terminal that Ctrl-S has stopped', async ({ program }) => {
    const held = new Supervised({ program, tty: true, ttl: 12, command: ['sh', '-i'] });
    await held.sees(PROMPT);
    held.type('\x13');
    expect(await held.ended()).toMatchObject({ code: 129, word: DEADLINE });
  });

  eachShellAsRoot('the $shell supervisor on a terminal ends a command that ignores signals', async ({ program }) => {
    expect(await run({ program, tty: true, ttl: 1, command: STUBBORN })).toMatchObject({ code: 137, word: DEADLINE });
  });
});

describe("the application's process namespace", () => {
  eachShellAsRoot('the $shell supervisor leaves no process, and the application alone', async ({ program }) => {
    const application = new Application();
    try {
      const join = await application.started();
      const shapes = [false, true].flatMap((tty) => [
        { tty, command: ['sh', '-c', 'exit 3'], code: 3 },
        { tty, command: ['sleep', '60'], ttl: 1, code: tty ? 130 : 129 },
        { tty, command: ['sh', '-c', 'trap "" HUP TERM INT; exec sleep 60'], ttl: 1, code: 137 },
      ]);
      const interactive = new Supervised({ program, join, tty: true, ttl: 20, command: ['sh', '-i'] });
      const codes = Promise.all(shapes.map(async (shape) => (await run({ program, join, ...shape })).code));
      await interactive.sees(PROMPT);
      interactive.type('echo u\\p; sleep 60\r');
      await interactive.sees(/\nup/);
      expect(await codes).toEqual(shapes.map(({ code }) => code));
      expect(await interactive.ended()).toMatchObject({ code: 129, word: DEADLINE });
      expect(await application.adopted()).toEqual([]);
      expect(await application.started()).toBe(join);
    } finally {
      application.stop();
    }
  });
});
