import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import type { WorkQueueOptions } from '../../../src/runtime/work-queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function setUp(options: WorkQueueOptions = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 0, ...options });
  const got: (string | undefined)[] = [];
  return { clock, queue, got, take: () => void queue.get().then((key) => got.push(key)) };
}

describe('WorkQueue', () => {
  it('hands out each key once, first in first out, and keeps nothing', async () => {
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

  it('never gives a key to two workers: what is added meanwhile waits for done', async () => {
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

  it('keeps the earliest of several delayed adds', async () => {
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

  it('doubles the delay with each failure up to the cap, until forget', async () => {
    const { queue, clock } = setUp({ maxDelayMs: 40 });
    const delays: (number | undefined)[] = [];
    const fail = () => {
      queue.addRateLimited('a');
      delays.push(clock.nextTimer);
      clock.advance(1000);
    };
    for (let i = 0; i < 5; i++) fail();
    expect(queue.failures('a')).toBe(5);
    queue.forget('a');
    fail();
    expect(delays).toEqual([5, 10, 20, 40, 40, 5]);
  });

  it('shuts down: workers end, timers go, what runs is waited for', async () => {
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

  it('reports to its hooks', async () => {
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

  /** Any mix of calls: no key runs twice at once, and no add is lost: each is followed by a run that begins after it. */
  it('loses no add and never doubles a run', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const operation = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key }),
      fc.record({ do: fc.constant('after' as const), key, ms: fc.nat(30) }),
      fc.record({ do: fc.constant('fail' as const), key }),
      fc.record({ do: fc.constant('done' as const), key }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(20) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const { clock, queue } = setUp();
        const running = new Set<string>();
        const owed = new Set<string>(); // added (or due later), and no run has begun since
        const worker = async (): Promise<void> => {
          const taken = await queue.get();
          if (taken === undefined) return;
          expect(running.has(taken)).toBe(false);
          running.add(taken);
          owed.delete(taken);
        };
        const due = new Map<string, number>(); // the earliest delayed add of each key
        const failures = new Map<string, number>();
        const settleDue = (): void => {
          for (const [k, at] of due) if (at <= clock.monotonic() && due.delete(k)) owed.add(k);
        };
        const delay = (k: string, ms: number): void => {
          due.set(k, Math.min(due.get(k) ?? Infinity, clock.monotonic() + ms));
        };
        const steps = {
          add: (k: string) => {
            queue.add(k);
            owed.add(k);
          },
          after: (k: string, ms: number) => {
            queue.addAfter(k, ms);
            if (ms > 0) delay(k, ms);
            else owed.add(k);
          },
          fail: (k: string) => {
            const times = failures.get(k) ?? 0;
            failures.set(k, times + 1);
            queue.addRateLimited(k);
            delay(k, Math.min(5_000, 5 * 2 ** times));
          },
          done: (k: string) => {
            if (running.delete(k)) queue.done(k);
          },
        };
        for (const op of operations) {
          if (op.do === 'take') void worker();
          else if (op.do === 'advance') {
            // Millisecond by millisecond, so that the model knows what was due before which run.
            for (let ms = 0; ms < op.ms; ms++) {
              clock.advance(1);
              settleDue();
              await Promise.resolve();
            }
          } else if (op.do === 'after') steps.after(op.key, op.ms);
          else steps[op.do](op.key);
          settleDue();
          await Promise.resolve();
          await Promise.resolve();
        }
        clock.advance(10_000);
        settleDue();
        // Enough workers for everything that is owed; each run ends.
        for (let round = 0; round < 20; round++) {
          for (const k of [...running]) steps.done(k);
          void worker();
          await Promise.resolve();
          await Promise.resolve();
        }
        for (const k of [...running]) steps.done(k);
        expect([...owed]).toEqual([]);
        expect(queue.length).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
