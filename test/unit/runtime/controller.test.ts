import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.ts';
import {
  Controller,
  type ControllerOptions,
  type Result,
  RetryBy,
  TerminalError,
} from '../../../src/runtime/controller.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

type Reconcile = ControllerOptions['reconcile'];

function setUp(reconcile: Reconcile, more: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0 });
  const log: string[] = [];
  const line =
    (level: string) =>
    (fields: object, message: string): void =>
      void log.push(`${level} ${message}: ${(fields as { err: string }).err}`);
  const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const results: string[] = [];
  const controller = new Controller({
    name: 'test',
    queue,
    reconcile,
    logger,
    clock,
    onReconcile: ({ result, error, timedOut, ms }) =>
      results.push([result, ...(error ? [error] : []), ...(timedOut ? ['timeout'] : []), ms].join(' ')),
    ...more,
  });
  controller.start();
  return { clock, queue, log, results, controller };
}

type Outcome = { returns: Result } | { throws: unknown };

/** Reconciles one key with these outcomes in turn, then `{}` for ever; `at` is when each run began. */
async function runOnce(...outcomes: Outcome[]) {
  const at: number[] = [];
  const set = setUp(async () => {
    at.push(set.clock.monotonic());
    const outcome = outcomes.shift() ?? { returns: {} };
    if ('returns' in outcome) return outcome.returns;
    throw outcome.throws;
  });
  set.queue.add('ns/a');
  await set.clock.advanceAsync(60_000);
  await set.controller.stop();
  return { at, ...set };
}

describe('Controller', () => {
  it('the controller lets the event loop have its turn between keys that wait for nothing', async () => {
    let time = 0;
    let done = 0;
    const clock = { ...systemClock, monotonic: () => time };
    const { promise: allDone, resolve } = Promise.withResolvers<void>();
    const set = setUp(
      async () => {
        time += 1;
        if (++done === 100) resolve();
        return {};
      },
      { clock },
    );
    for (let key = 0; key < 100; key++) set.queue.add(`ns/${key}`);
    const turn = new Promise<number>((seen) => setImmediate(() => seen(done)));
    await allDone;
    await expect(turn).resolves.toBeLessThan(20);
    await set.controller.stop();
  });

  it('the controller lets a key rest after success', async () => {
    const { at, results, queue } = await runOnce({ returns: {} });
    expect(at).toEqual([0]);
    expect(results).toEqual(['success 0']);
    expect(queue.size).toBe(0);
  });

  it('the controller reconciles a key again after requeueAfterMs', async () => {
    const { at, results } = await runOnce({ returns: { requeueAfterMs: 1000 } });
    expect(at).toEqual([0, 1000]);
    expect(results).toEqual(['requeue_after 0', 'success 0']);
  });

  it('the controller retries an error with backoff and forgets the error after success', async () => {
    const fault = (words: string) => ({ throws: new Error(words) });
    const rest = { returns: { requeueAfterMs: 1000 } };
    const { at, log, results } = await runOnce(fault('one'), fault('two'), rest, fault('three'));
    expect(at).toEqual([0, 5, 15, 1015, 1020]);
    expect(results).toEqual(['error 0', 'error 0', 'requeue_after 0', 'error 0', 'success 0']);
    expect(log).toEqual(['one', 'two', 'three'].map((words) => `warn reconcile failed: ${words}`));
  });

  it('the controller logs no warning at the end of its term, and keeps the key', async () => {
    const { at, log } = await runOnce({ throws: new NotLeaderError('not sent') });
    expect(at).toEqual([0, 5]);
    expect(log).toEqual(['debug reconcile ended with the term: not sent']);
  });

  it('the controller waits at least as long as the server says', async () => {
    const answer = (retryAfterMs: number) => Object.assign(new Error('slow down'), { code: 429, ...{ retryAfterMs } });
    const { at } = await runOnce({ throws: answer(7000) }, { throws: answer(3000) }, { throws: answer(0) });
    expect(at).toEqual([0, 7000, 10_000, 10_020]);
  });

  it('the controller takes a conflict for no failure, and gives the watch time to bring the new object', async () => {
    const { at, results, log } = await runOnce({ returns: { requeue: true } }, { returns: { requeue: true } });
    expect(at).toEqual([0, 50, 150]);
    expect(results).toEqual(['requeue 0', 'requeue 0', 'success 0']);
    expect(log).toEqual([]);
  });

  it.each([
    [400, 'refused'],
    [401, 'passing'],
    [403, 'refused'],
    [404, 'refused'],
    [405, 'refused'],
    [409, 'passing'],
    [413, 'refused'],
    [422, 'refused'],
    [429, 'passing'],
    [500, 'passing'],
    [undefined, 'passing'],
  ])('the controller retries the answer %s like one that is %s', async (code, kind) => {
    const fault = Object.assign(new Error('no'), { code });
    const { at } = await runOnce(...Array.from({ length: 12 }, () => ({ throws: fault })));
    // 5, 10, 20 ... 2,560, then 5,120 or the cap of 5 s.
    expect((at[11] ?? 0) - (at[10] ?? 0)).toBe(kind === 'refused' ? 5_120 : 5_000);
  });

  it('the controller does not retry a terminal error', async () => {
    const { at, log, results } = await runOnce({ throws: new TerminalError('hopeless') });
    expect(at).toEqual([0]);
    expect(results).toEqual(['error terminal 0']);
    expect(log).toEqual(['error reconcile failed for good: hopeless']);
  });

  it('the controller retries no later than the time of RetryBy, and no earlier because of it', async () => {
    const refused = Object.assign(new Error('no'), { code: 422 });
    const early = new RetryBy(refused, 3);
    expect((await runOnce({ throws: early }, { throws: new RetryBy(refused, 600_000) })).at).toEqual([0, 3, 13]);
    expect((await runOnce({ throws: new RetryBy(refused, -5) })).log).toEqual([expect.stringContaining('no')]);
  });

  it.each([['a string'], [new TypeError('x is not a function')]])(
    'the controller survives a thrown bug and retries: %s',
    async (thrown) => {
      const { at, results, log } = await runOnce({ throws: thrown });
      expect(at).toEqual([0, 5]);
      expect(results).toEqual(['error panic 0', 'success 0']);
      expect(log[0]).toMatch(/^error reconcile threw/);
    },
  );

  it('the controller aborts a reconcile that takes too long and retries it, never beside itself', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const { clock, queue, results, controller } = setUp(
      async (_, signal) => {
        runs++;
        most = Math.max(most, ++running);
        if (runs === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        running--;
        signal.throwIfAborted();
        return {};
      },
      { timeoutMs: 100, workers: 4 },
    );
    queue.add('ns/a');
    await clock.advanceAsync(50);
    queue.add('ns/a');
    await clock.advanceAsync(1000);
    expect(results[0]).toBe('error timeout 100');
    expect(runs).toBeGreaterThan(1);
    expect(most).toBe(1);
    await controller.stop();
    expect(clock.timers).toBe(0);
  });

  it('the controller works on as many keys as it has workers', async () => {
    const started: string[] = [];
    const { clock, queue, controller } = setUp(
      async (key, signal) => {
        started.push(key);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return {};
      },
      { workers: 2 },
    );
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await clock.advanceAsync(0);
    expect(started).toEqual(['a', 'b']);
    await controller.stop();
    expect(started).toEqual(['a', 'b']);
  });

  it('the controller lets running reconciles finish when it stops, and aborts them after its deadline', async () => {
    const ends: string[] = [];
    const { clock, queue, controller } = setUp(
      async (key, signal) => {
        await new Promise<void>((resolve) => {
          if (key === 'quick') clock.setTimer(10, resolve);
          signal.addEventListener('abort', () => resolve());
        });
        ends.push(`${key} ${signal.aborted ? 'aborted' : 'finished'} at ${clock.monotonic()}`);
        return {};
      },
      { workers: 2 },
    );
    queue.add('quick');
    queue.add('stuck');
    await clock.advanceAsync(0);
    let stopped = false;
    void controller.stop(500).then(() => (stopped = true));
    await clock.advanceAsync(499);
    expect([ends, stopped]).toEqual([['quick finished at 10'], false]);
    await clock.advanceAsync(1);
    expect([ends.at(-1), stopped]).toEqual(['stuck aborted at 500', true]);
    expect(clock.timers).toBe(0);
  });
});
