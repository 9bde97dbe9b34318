import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';

/** The same rules as the queue's, in the plainest way: everything in arrays, searched from the front. */
class Model {
  now = 0;
  idle = 0;
  readonly given: string[] = [];
  readonly running = new Map<string, number>();
  /** In the order in which they began to wait. */
  ready: { key: string; priority: number }[] = [];
  /** In the order in which they were added. */
  readonly delayed = new Map<string, { at: number; priority: number }>();
  readonly parked = new Map<string, number>();
  readonly failures = new Map<string, number>();
  #passedOver = 0;

  add(key: string, ms: number, priority: number): void {
    const ready = this.ready.find((one) => one.key === key);
    const parked = this.parked.get(key);
    const delayed = this.delayed.get(key);
    if (ready) {
      if (priority <= ready.priority) return;
      this.ready = this.ready.filter((one) => one !== ready);
      this.ready.push({ key, priority });
    } else if (parked !== undefined) this.parked.set(key, Math.max(parked, priority));
    else {
      const at = Math.min(this.now + ms, delayed?.at ?? Infinity);
      this.delayed.set(key, { at, priority: Math.max(priority, delayed?.priority ?? -Infinity) });
      if (at <= this.now) this.#due(key);
    }
    this.#handOut();
  }

  fail(key: string, capMs: number): void {
    const before = this.failures.get(key) ?? 0;
    this.failures.set(key, before + 1);
    this.add(key, Math.min(capMs, 5 * 2 ** before), this.running.get(key) ?? 0);
  }

  done(key: string): void {
    this.running.delete(key);
    const priority = this.parked.get(key);
    if (priority !== undefined && this.parked.delete(key)) this.ready.push({ key, priority });
    this.#handOut();
  }

  take(): void {
    this.idle++;
    this.#handOut();
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.delayed].sort(([, one], [, other]) => one.at - other.at)[0];
      if (!next || next[1].at > end) break;
      this.now = Math.max(this.now, next[1].at);
      this.#due(next[0]);
      this.#handOut();
    }
    this.now = end;
  }

  #due(key: string): void {
    const priority = this.delayed.get(key)?.priority ?? 0;
    this.delayed.delete(key);
    if (this.running.has(key)) this.parked.set(key, priority);
    else this.ready.push({ key, priority });
  }

  #handOut(): void {
    while (this.idle > 0 && this.ready.length > 0) {
      const highest = Math.max(...this.ready.map(({ priority }) => priority));
      const lower = this.ready.find(({ priority }) => priority < highest);
      this.#passedOver = lower ? this.#passedOver + 1 : 0;
      const turn = lower && this.#passedOver >= 10 ? lower : this.ready.find(({ priority }) => priority === highest);
      if (turn === lower) this.#passedOver = 0;
      if (!turn) return;
      this.ready = this.ready.filter((one) => one !== turn);
      this.running.set(turn.key, turn.priority);
      this.given.push(turn.key);
      this.idle--;
    }
  }
}

const key = fc.constantFrom(...'abcdefgh');
const priority = fc.constantFrom(0, 0, -50, -100);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key, priority }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('after' as const), key, ms: fc.nat(30), priority }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), key, refused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('done' as const), nth: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(40) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A queue and its model, which are told the same. */
class Pair {
  readonly model = new Model();
  readonly clock = new FakeClock();
  readonly queue = new WorkQueue({ clock: this.clock, random: () => 0, retryBurst: 1e9 });
  readonly given: (string | undefined)[] = [];

  take(): void {
    void this.queue.get().then((taken) => this.given.push(taken));
  }

  do(one: Step): void {
    const { model, queue } = this;
    if (one.do === 'add') {
      queue.add(one.key, one.priority);
      model.add(one.key, 0, one.priority);
    } else if (one.do === 'after') {
      queue.addAfter(one.key, one.ms, one.priority);
      model.add(one.key, one.ms, one.priority);
    } else if (one.do === 'fail') {
      queue.addRateLimited(one.key, one.refused ? 'refused' : 'passing');
      model.fail(one.key, one.refused ? 300_000 : 5_000);
    } else if (one.do === 'forget') {
      queue.forget(one.key);
      model.failures.delete(one.key);
    } else if (one.do === 'done') {
      const running = [...model.running.keys()];
      const ended = running[one.nth % running.length];
      if (ended === undefined) return;
      queue.done(ended);
      model.done(ended);
    } else if (one.do === 'take') {
      this.take();
      model.take();
    } else {
      this.clock.advance(one.ms);
      model.advance(one.ms);
    }
  }

  async check(): Promise<void> {
    await Promise.resolve();
    await Promise.resolve();
    const { model, queue } = this;
    expect(this.given).toEqual(model.given);
    expect(queue.length).toBe(model.ready.length + model.parked.size);
    expect(queue.running().count).toBe(model.running.size);
    const remembered = [model.running, model.parked, model.delayed, model.failures].flatMap((map) => [...map.keys()]);
    expect(queue.size).toBe(new Set([...remembered, ...model.ready.map((one) => one.key)]).size);
    expect(this.clock.timers).toBe(model.delayed.size > 0 ? 1 : 0);
  }
}

it('the work queue hands out, holds and remembers the same keys as its model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const pair = new Pair();
      for (const one of steps) {
        pair.do(one);
        await pair.check();
      }
      // Nothing is lost: enough workers for everything that was ever added.
      pair.do({ do: 'advance', ms: 400_000 });
      for (const name of 'abcdefgh') pair.do({ do: 'forget', key: name });
      for (let round = 0; round < 30; round++) {
        pair.do({ do: 'take' });
        pair.do({ do: 'done', nth: 0 });
      }
      await pair.check();
      expect([pair.queue.length, pair.queue.size, pair.model.running.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 400 },
  );
});

it('the work queue hands out nothing after its shutdown, lets workers go and waits for running work', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 10 }), async (before, after) => {
      const pair = new Pair();
      for (const one of before) pair.do(one);
      await pair.check();
      const { idle } = pair.model;
      const running = [...pair.model.running.keys()];
      const handedOut = pair.given.length;
      let drained = false;
      void pair.queue.shutDown().then(() => (drained = true));
      expect(pair.queue.size).toBe(running.length);
      for (const one of after) if (one.do !== 'done') pair.do(one);
      await settle();
      expect([drained, pair.queue.length, pair.clock.timers]).toEqual([running.length === 0, 0, 0]);
      for (const name of running) pair.queue.done(name);
      await settle();
      expect([drained, pair.queue.size]).toEqual([true, 0]);
      // Every worker that waited or came later has gone.
      const takes = after.filter((one) => one.do === 'take').length;
      const gone = Array.from({ length: idle + takes }, () => undefined);
      expect(pair.given.slice(handedOut)).toEqual(gone);
    }),
    { numRuns: 100 },
  );
});

it('the work queue holds the overall limit of retries, and no key waits for unused places', async () => {
  const few = fc.constantFrom('a', 'b', 'c', 'd');
  const act = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('fail' as const), key: few, ms: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), key: few, ms: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), key: few, ms: fc.nat(800) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 120, size: 'max' }), async (acts) => {
      const clock = new FakeClock();
      const queue = new WorkQueue({ clock, random: () => 0, retryQps: 2, retryBurst: 3 });
      const added = new Set<string>();
      let retries = 0;
      /** A worker that is always there. */
      const work = async (): Promise<void> => {
        for (let taken = await queue.get(); taken !== undefined; taken = await queue.get()) {
          if (!added.delete(taken)) retries++;
          expect(retries).toBeLessThanOrEqual(3 + (2 * clock.monotonic()) / 1000);
          queue.done(taken);
        }
      };
      const working = work();
      for (const one of acts) {
        if (one.do === 'fail') queue.addRateLimited(one.key);
        else if (one.do === 'add') {
          added.add(one.key);
          queue.add(one.key);
        } else await clock.advanceAsync(one.ms);
        await Promise.resolve();
        await Promise.resolve();
      }
      // The longest backoff is 5 s, and four keys need two seconds at two a second.
      await clock.advanceAsync(5_001);
      expect([clock.timers, queue.length]).toEqual([0, 0]);
      await queue.shutDown();
      await working;
    }),
    { numRuns: 100 },
  );
});
