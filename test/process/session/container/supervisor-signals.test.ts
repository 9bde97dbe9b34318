import { describe, expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { BEGAN, DEADLINE, STOPPED } from '../../../../src/session/container/supervisor.ts';
import { ttlCommand } from '../../../../src/session/stop/stop-script.ts';
import { patient } from '../../../support/patience.ts';
import { eachShell, eachShellAsRoot, SOON, STUBBORN } from '../../../support/shells/each-shell.ts';
import { descendants } from '../../../support/shells/processes.ts';
import { Supervised, type Wish } from '../../../support/shells/supervised.ts';

// What the operator and the kubelet tell the supervisor: to end, and another ttl.

describe('signals from outside', () => {
  const started = async (wish: Wish): Promise<{ supervised: Supervised; watchdog: number }> => {
    const supervised = new Supervised(wish);
    await supervised.sees(/up/);
    return { supervised, watchdog: await supervised.watchdog() };
  };
  const UP = ['sh', '-c', 'echo up; exec sleep 60'];
  const inSeconds = (seconds: number): number => Date.now() + seconds * 1000;
  /** As the operator tells it another ttl. @returns what came of it */
  const tell = async (supervised: Supervised, ttlSeconds: number, lastMoment = inSeconds(600)): Promise<string> =>
    (await supervised.exec(ttlCommand(['sh'], supervised.meant, { ttlSeconds, lastMoment }))).stdout.trim();

  eachShell('the $shell supervisor ends the command at once on USR1', async ({ program }) => {
    const { supervised, watchdog } = await started({ program, command: UP });
    process.kill(watchdog, 'SIGUSR1');
    const ended = await supervised.ended();
    expect(ended).toMatchObject({ code: 129, word: STOPPED });
    expect(ended.seconds).toBeLessThan(patient(SOON));
  });

  eachShell('the $shell supervisor ends a command that ignores all signals on repeated USR1', async ({ program }) => {
    const { supervised, watchdog } = await started({ program, command: STUBBORN });
    const again = setInterval(() => {
      try {
        process.kill(watchdog, 'SIGUSR1');
        process.kill(watchdog, 'SIGUSR2');
      } catch {
        clearInterval(again);
      }
    }, 20);
    const ended = await supervised.ended().finally(() => clearInterval(again));
    expect(ended).toMatchObject({ code: 137, word: STOPPED });
    expect(ended.seconds).toBeLessThan(patient(SOON));
  });

  eachShellAsRoot('the $shell supervisor takes a new deadline and confirms it', async ({ program }) => {
    const { supervised: later } = await started({ program, ttl: 20, command: UP });
    expect(await tell(later, 22, inSeconds(60))).toBe('Changed');
    const ended = await later.ended();
    expect(ended).toMatchObject({ code: 129, word: DEADLINE });
    expect(ended.seconds).toBeGreaterThanOrEqual(21.9);
    expect(ended.seconds).toBeLessThan(patient(22 + SOON));

    const { supervised: sooner } = await started({ program, ttl: 60, command: UP });
    await tell(sooner, 2, inSeconds(60));
    const soon = await sooner.ended();
    expect(soon).toMatchObject({ code: 129, word: DEADLINE });
    expect(soon.seconds).toBeGreaterThanOrEqual(1.9);
    expect(soon.seconds).toBeLessThan(patient(2 + SOON));
  });

  eachShellAsRoot('the $shell supervisor ends a command at once past its last moment', async ({ program }) => {
    const { supervised } = await started({ program, ttl: 60, command: UP });
    await tell(supervised, 600, inSeconds(-1));
    const ended = await supervised.ended();
    expect(ended).toMatchObject({ code: 129, word: DEADLINE });
    expect(ended.seconds).toBeLessThan(patient(SOON));
  });

  eachShellAsRoot('the $shell supervisor counts the new ttl from the start of the command', async ({ program }) => {
    const { supervised } = await started({ program, ttl: 60, command: UP });
    await delay(6_000);
    // Counted from now, it would end after the one that starts now.
    const { supervised: newer } = await started({ program, ttl: 5, command: UP });
    await tell(supervised, 5);
    const order: string[] = [];
    const [ended] = await Promise.all([
      supervised.ended().finally(() => order.push('the older')),
      newer.ended().finally(() => order.push('the newer')),
    ]);
    expect(ended).toMatchObject({ code: 129, word: DEADLINE });
    expect(order).toEqual(['the older', 'the newer']);
  });

  eachShellAsRoot('the $shell supervisor takes no deadline from a process of the container', async ({ program }) => {
    const forge = 'echo -n until9999999999 >/proc/self/comm; while :; do kill -USR2 1; sleep .2; done';
    expect(await Supervised.run({ program, ttl: 3, command: ['sh', '-c', forge] })).toMatchObject({ word: DEADLINE });
  });

  eachShellAsRoot('the $shell supervisor leaves other words in the log alone', async ({ program }) => {
    const { supervised, watchdog } = await started({ program, ttl: 60, command: UP });
    for (const text of ['', '\n', '5', '1 2', 'a[$(kill $PPID)] 5', '-1 -1', 'the user wrote this']) {
      supervised.log = text;
      process.kill(watchdog, 'SIGUSR2');
      expect(await tell(supervised, 60)).toBe('Changed');
      expect(supervised.log).toBe(text);
    }
    await tell(supervised, 1);
    expect(await supervised.ended()).toMatchObject({ code: 129, word: DEADLINE });
  });

  eachShellAsRoot('the $shell supervisor leaves no sleep behind after twenty new deadlines', async ({ program }) => {
    const { supervised, watchdog } = await started({ program, ttl: 60, command: UP });
    for (let ttl = 61; ttl <= 80; ttl++) {
      expect(await tell(supervised, ttl)).toBe('Changed');
      // The command, and one that naps.
      expect(descendants(watchdog).length).toBeLessThanOrEqual(2);
    }
    process.kill(watchdog, 'SIGUSR1');
    expect(await supervised.ended()).toMatchObject({ code: 129, word: STOPPED });
  });

  eachShell('the command under the $shell supervisor dies of USR1 and USR2 as usual', async ({ program }) => {
    expect(await Supervised.run({ program, command: ['sh', '-c', 'kill -USR1 $$$$'] })).toMatchObject({ code: 138 });
    expect(await Supervised.run({ program, command: ['sh', '-c', 'kill -USR2 $$$$'] })).toMatchObject({ code: 140 });
  });

  eachShellAsRoot('the $shell supervisor ends a terminal shell with a foreground job on USR1', async ({ program }) => {
    const command = ['sh', '-ic', 'echo up; sleep 60; :'];
    const { supervised, watchdog } = await started({ program, tty: true, command });
    process.kill(watchdog, 'SIGUSR1');
    expect(await supervised.ended()).toMatchObject({ word: STOPPED });
  });
});

describe('process 1 of its own namespace', () => {
  const onSigterm = async (wish: Wish): Promise<void> => {
    const supervised = new Supervised(wish);
    await supervised.sees(/up/);
    supervised.signal('SIGTERM');
    const ended = await supervised.ended();
    expect(ended).toMatchObject({ code: 143, word: BEGAN });
    expect(ended.seconds).toBeLessThan(patient(SOON));
  };

  eachShellAsRoot('the $shell supervisor ends the command on SIGTERM', async ({ program }) => {
    await onSigterm({ program, command: ['sh', '-c', 'echo up; sleep 60; :'] });
  });

  eachShellAsRoot('the $shell supervisor ends a shell with a foreground job on SIGTERM', async ({ program }) => {
    await onSigterm({ program, tty: true, command: ['sh', '-ic', 'echo up; sleep 60; :'] });
  });
});
