import { describe, expect, it } from '@jest/globals';
import type { Retry } from '../../../src/runtime/rate-limiter.ts';
import { LOW_PRIORITY, WorkQueue, type WorkQueueOptions } from '../../../src/runtime/work-queue.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';

function setUp(options: WorkQueueOptions = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0, ...options });
  const got: (string | undefined)[] = [];
  return { clock, queue, got, take: () => void queue.get().then((key) => got.push(key)) };
}

describe('WorkQueue', () => {
  it('the work queue hands out each key once, first in first out, and keeps nothing', async () => {
    const { queue, got, take } = setUp();
    for (const key of ['b', 'a', 'b']) queue.add(key);
    expect(queue.length).toBe(2);
    take();
    take();
    await settle();
    expect(got).toEqual(['b', 'a']);
    queue.done('a');
    queue.done('b');
    expect(queue.size).toBe(0);
  });

  describe('with groups', () => {
    const groupOf = (key: string): string => key[0] ?? '';

    async function order(keys: readonly string[], priorities: Record<string, number> = {}): Promise<unknown[]> {
      const { queue, got, take } = setUp({ groupOf });
      for (const key of keys) queue.add(key, priorities[key]);
      for (let times = 0; times < keys.length; times++) take();
      await settle();
      return got;
    }

    it('the work queue takes a key of each group in turn, and the oldest key of a group first', async () => {
      expect(await order(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'])).toEqual([
        'a1',
        'b1',
        'c1',
        'a2',
        'b2',
        'a3',
        'a4',
      ]);
    });

    it('the work queue lets a later group wait for one key of each group, however many keys they have', async () => {
      const { queue, got, take } = setUp({ groupOf });
      for (let at = 0; at < 1000; at++) queue.add(`a${at}`);
      take();
      queue.add('b');
      take();
      take();
      await settle();
      expect(got).toEqual(['a0', 'a1', 'b']);
    });

    it('the work queue hands out a higher priority first also with groups', async () => {
      const priorities = { a1: LOW_PRIORITY, b1: LOW_PRIORITY };
      expect(await order(['a1', 'b1', 'a2', 'a3', 'b2'], priorities)).toEqual(['a2', 'b2', 'a3', 'a1', 'b1']);
    });

    it('the work queue leaves no empty group behind when its only key is lifted out', async () => {
      const { queue, got, take } = setUp({ groupOf });
      queue.add('a', LOW_PRIORITY);
      queue.add('b', LOW_PRIORITY);
      queue.add('a');
      expect(queue.depths()).toEqual(
        new Map([
          [0, 1],
          [LOW_PRIORITY, 1],
        ]),
      );
      for (let times = 0; times < 3; times++) take();
      await settle();
      expect(got).toEqual(['a', 'b']);
      expect(queue.length).toBe(0);
    });
  });

  it('the work queue never gives a key to two workers: a key that is added meanwhile waits for done', async () => {
    const { queue, got, take } = setUp();
    queue.add('a');
    take();
    take();
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(got).toEqual(['a']);
    queue.done('a');
    await settle();
    expect(got).toEqual(['a', 'a']);
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('the work queue keeps the earliest of several delayed adds', async () => {
    const { queue, clock, got, take } = setUp();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 70);
    take();
    await clock.advanceAsync(49);
    expect(got).toEqual([]);
    await clock.advanceAsync(1);
    expect(got).toEqual(['a']);
    queue.done('a');
    await clock.advanceAsync(1000);
    expect(queue.length).toBe(0);
    queue.addAfter('a', -5);
    expect(queue.length).toBe(1);
  });

  it('the work queue doubles the delay with each failure up to the cap, until forget', async () => {
    const { queue, clock, take } = setUp();
    const delays: (number | undefined)[] = [];
    const fail = (retry: Retry) => {
      queue.addRateLimited('a', retry);
      delays.push(clock.nextTimer);
      clock.advance(1_000_000);
      take();
      queue.done('a');
    };
    for (let i = 0; i < 11; i++) fail('passing');
    for (let i = 0; i < 6; i++) fail('refused');
    expect(queue.failures('a')).toBe(17);
    queue.forget('a');
    for (const retry of ['passing', 'outdated'] as const) fail(retry);
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.slice(9)).toEqual([2560, 5000, 10_240, 20_480, 40_960, 81_920, 163_840, 300_000, 5, 100]);
  });

  it('the work queue ends workers and timers at its shutdown, and waits for running work', async () => {
    const { queue, clock, got, take } = setUp();
    queue.add('running');
    take();
    await settle();
    take();
    queue.addAfter('later', 1000);
    queue.add('running');
    let drained = false;
    void queue.shutDown().then(() => (drained = true));
    queue.add('too late');
    await settle();
    expect(got).toEqual(['running', undefined]);
    expect([drained, clock.timers, queue.length]).toEqual([false, 0, 0]);
    queue.done('running');
    await settle();
    expect(drained).toBe(true);
    expect(await queue.get()).toBeUndefined();
    expect(queue.size).toBe(0);
  });

  it('the work queue reports to its hooks', async () => {
    const seen: string[] = [];
    const { queue, clock, take } = setUp({
      hooks: {
        onAdd: () => seen.push('add'),
        onGet: (ms) => seen.push(`get ${ms}`),
        onDone: (ms) => seen.push(`done ${ms}`),
        onRetry: () => seen.push('retry'),
      },
    });
    queue.add('a');
    clock.advance(3);
    take();
    clock.advance(4);
    queue.addRateLimited('a');
    queue.done('a');
    clock.advance(10);
    expect(seen).toEqual(['add', 'get 3', 'retry', 'done 4', 'add']);
  });

  describe('with priorities', () => {
    /** Hands out everything that waits, one after the other. */
    async function drain({ queue, got, take }: ReturnType<typeof setUp>): Promise<(string | undefined)[]> {
      while (queue.length > 0) {
        take();
        await Promise.resolve();
        await Promise.resolve();
        queue.done(got.at(-1) ?? '');
      }
      return got;
    }

    it('the work queue hands out the highest priority first, and each priority first in first out', async () => {
      const set = setUp();
      for (const key of ['old1', 'old2']) set.queue.add(key, LOW_PRIORITY);
      for (const key of ['new1', 'new2']) set.queue.add(key);
      set.queue.add('live', LOW_PRIORITY / 2);
      expect(Object.fromEntries(set.queue.depths())).toEqual({ '0': 2, '-50': 1, '-100': 2 });
      expect(await drain(set)).toEqual(['new1', 'new2', 'live', 'old1', 'old2']);
      expect([set.queue.size, set.queue.depths().size]).toEqual([0, 0]);
    });

    it('the work queue lifts a waiting key to a higher priority, and never lowers it', async () => {
      const set = setUp();
      for (const key of ['a', 'b', 'c']) set.queue.add(key, LOW_PRIORITY);
      set.queue.add('c');
      set.queue.add('c', LOW_PRIORITY);
      set.queue.addAfter('b', 1000, LOW_PRIORITY / 2);
      expect(await drain(set)).toEqual(['c', 'b', 'a']);
    });

    it('the work queue gives one turn in ten to lower priorities, so an endless stream starves no key', async () => {
      const set = setUp();
      set.queue.add('lowest', LOW_PRIORITY);
      set.queue.add('lower', LOW_PRIORITY / 2);
      for (let change = 0; change < 40; change++) set.queue.add(`change${change}`);
      const order = await drain(set);
      expect([order.indexOf('lowest'), order.indexOf('lower'), order.indexOf('change39')]).toEqual([9, 19, 41]);
    });

    it('the work queue retries a key with the priority with which the key was handed out', async () => {
      const set = setUp();
      set.queue.add('listed', LOW_PRIORITY);
      set.take();
      await settle();
      set.queue.addRateLimited('listed');
      set.queue.done('listed');
      set.clock.advance(5);
      expect([...set.queue.depths().keys()]).toEqual([LOW_PRIORITY]);
    });

    it('the work queue counts a key that waits for the end of its own run', async () => {
      const set = setUp();
      set.queue.add('a');
      set.take();
      await settle();
      set.clock.advance(7);
      set.queue.add('a', LOW_PRIORITY);
      expect([set.queue.length, [...set.queue.depths()]]).toEqual([1, [[LOW_PRIORITY, 1]]]);
      expect(set.queue.running()).toEqual({ count: 1, totalMs: 7, longestMs: 7 });
    });
  });

  describe('with many retries at once', () => {
    it('the work queue lets a burst of retries go and then one after the other, and no change waits for them', () => {
      const { queue, clock } = setUp({ retryQps: 10, retryBurst: 3 });
      for (const key of ['a', 'b', 'c', 'd', 'e']) queue.addRateLimited(key);
      queue.addRateLimited('conflict', 'outdated');
      clock.advance(50);
      expect(queue.length).toBe(4);
      clock.advance(50);
      expect(queue.length).toBe(5);
      queue.add('changed');
      queue.add('e');
      expect(queue.length).toBe(7);
    });

    it('the work queue gives the place of a retry back when a change comes sooner', () => {
      const { queue, clock } = setUp({ retryQps: 1, retryBurst: 1 });
      for (let times = 0; times < 100; times++) {
        queue.addRateLimited('a');
        queue.add('a');
        void queue.get();
        queue.done('a');
        queue.forget('a');
      }
      queue.addRateLimited('b');
      expect(clock.nextTimer).toBeLessThanOrEqual(1_000);
    });

    it('the work queue gives back no place that is used', () => {
      const { queue, clock } = setUp({ retryQps: 1, retryBurst: 1 });
      queue.addRateLimited('a');
      queue.addAfter('a', 900);
      queue.addRateLimited('b');
      clock.advance(999);
      expect(queue.length).toBe(1);
      clock.advance(1);
      expect(queue.length).toBe(2);
    });

    it('the work queue gives the place of a retry back when the retry came before a later add', () => {
      const { queue, clock } = setUp({ retryQps: 1, retryBurst: 1 });
      queue.addAfter('a', 9000);
      queue.addRateLimited('a');
      queue.add('a');
      queue.addRateLimited('b');
      clock.advance(5);
      expect(queue.length).toBe(2);
    });
  });

  /**
   * The shape of the growth, not the speed, and of processor time: what scans, or passes over holes, costs 30 times as
   * much here.
   */
  it.each<[string, (key: string) => string]>([
    ['in few groups', (key) => key.split('/')[0] ?? ''],
    ['in as many groups', (key) => key],
  ])('the work queue costs about the same per key with 50,000 keys as with 1,000, %s', (_words, groupOf) => {
    const work = (keys: number): void => {
      const queue = new WorkQueue({ clock: new FakeClock(), groupOf });
      const names = Array.from({ length: keys }, (_, at) => `namespace-${at % 7}/session-${at}`);
      for (const [at, name] of names.entries()) {
        queue.addAfter(name, 1000 + (at % 100));
        queue.add(name, at % 2 === 0 ? LOW_PRIORITY : 0);
      }
      for (let taken = 0; taken < keys; taken++) void queue.get();
      for (const name of names) queue.done(name);
      expect(queue.size).toBe(0);
    };
    const cost = (rounds: number, keys: number): number => {
      const before = process.cpuUsage();
      for (let round = 0; round < rounds; round++) work(keys);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cost(10, 1_000);
    const best = (rounds: number, keys: number): number => Math.min(...[1, 2, 3].map(() => cost(rounds, keys)));
    expect(best(1, 50_000) / best(50, 1_000)).toBeLessThan(8);
  });
});
