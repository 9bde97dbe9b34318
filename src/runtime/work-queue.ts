import type { Clock, Timer } from './clock.ts';
import { systemClock } from './clock.ts';
import { DelayHeap } from './delay-heap.ts';
import { RateLimiter, type Retry } from './rate-limiter.ts';
import { ReadyKeys } from './ready-keys.ts';

/** Of what is only looked at because a list showed it: controller-runtime's handler.LowPriority. */
export const LOW_PRIORITY = -100;
/** Of everything that has just happened or come due. */
export const NORMAL_PRIORITY = 0;

/** For the metrics that client-go names `workqueue_*`. They must not throw. */
export interface WorkQueueHooks {
  /** A key that did not wait for a worker yet does so now. */
  onAdd?(): void;
  /** A key was handed out after waiting for a worker so long. */
  onGet?(waitedMs: number): void;
  onDone?(workedMs: number): void;
  /** A key was added with a delay, whatever for. */
  onRetry?(): void;
}

export interface WorkQueueOptions {
  clock?: Clock;
  /** The overall limit of retries, a second; default 10. */
  retryQps?: number;
  /** How many retries may go at once after a quiet time; default 100. */
  retryBurst?: number;
  random?: () => number;
  /** Keys of one group are handed out in turn with those of others of their priority. Default: all are of one group. */
  groupOf?: (key: string) => string;
  hooks?: WorkQueueHooks;
}

interface Item {
  readonly key: string;
  readonly group: string;
  priority: number;
  order: number;
  /** `ready` waits for a worker, `delayed` for a moment, `parked` for the end of its own run. */
  state: 'ready' | 'delayed' | 'parked';
  /** Monotonic ms: when it is due, or was. */
  readyAt: number;
  /** It holds a place in the line of the overall limit. */
  inLine: boolean;
  index: number;
  previous?: Item | undefined;
  next?: Item | undefined;
}

/**
 * Keys that need work, each once: client-go's rate limiting workqueue with controller-runtime's priorities
 * (docs/adr/0010). However often a key is added before it is handed out, it is handed out once, at the earliest of the
 * times and the highest of the priorities asked for. One that is added while it is worked on waits for its `done`, so
 * that no two workers ever have the same key. A key that neither waits, runs nor fails takes no memory.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #hooks: WorkQueueHooks;
  readonly #groupOf: (key: string) => string;
  readonly #limiter: RateLimiter;
  /** What waits, for whatever. */
  readonly #items = new Map<string, Item>();
  readonly #ready = new ReadyKeys<Item>();
  readonly #delayed = new DelayHeap<Item>();
  /** Being worked on: since when, and with which priority it was handed out. */
  readonly #running = new Map<string, { since: number; priority: number }>();
  /** How many wait for the end of their own run. */
  #parked = 0;
  readonly #idle: ((key: string | undefined) => void)[] = [];
  readonly #drained = Promise.withResolvers<void>();
  #timer: { at: number; timer: Timer } | undefined;
  #order = 0;
  #shutDown = false;

  constructor(options: WorkQueueOptions = {}) {
    const { clock = systemClock, random = Math.random, retryQps, retryBurst, groupOf, hooks = {} } = options;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#groupOf = groupOf ?? ((): string => '');
    this.#limiter = new RateLimiter({
      clock,
      random,
      ...(retryQps !== undefined && { qps: retryQps }),
      ...(retryBurst !== undefined && { burst: retryBurst }),
    });
  }

  /** How many keys wait for a worker now; also those that wait for their own run to end, but none that is delayed. */
  get length(): number {
    return this.#ready.size + this.#parked;
  }

  /** How many keys the queue remembers for whatever reason. */
  get size(): number {
    return new Set([...this.#items.keys(), ...this.#running.keys(), ...this.#limiter.keys()]).size;
  }

  /** `length` by priority. */
  depths(): Map<number, number> {
    const depths = this.#ready.sizes();
    for (const key of this.#parked > 0 ? this.#running.keys() : []) {
      const again = this.#items.get(key);
      if (again?.state === 'parked') depths.set(again.priority, (depths.get(again.priority) ?? 0) + 1);
    }
    return depths;
  }

  /** What is being worked on: how many keys, how long they have taken so far together, and the longest of them, ms. */
  running(): { count: number; totalMs: number; longestMs: number } {
    const now = this.#clock.monotonic();
    const ages = [...this.#running.values()].map(({ since }) => now - since);
    return { count: ages.length, totalMs: ages.reduce((sum, age) => sum + age, 0), longestMs: Math.max(0, ...ages) };
  }

  /** Hands the key out as soon as a worker is free and no higher priority waits. */
  add(key: string, priority: number = NORMAL_PRIORITY): void {
    this.addAfter(key, 0, priority);
  }

  /** Adds the key after `ms`. Of several adds the earliest counts. */
  addAfter(key: string, ms: number, priority: number = NORMAL_PRIORITY): void {
    if (this.#shutDown) return;
    this.#put(key, { delayMs: ms, inLine: false }, priority);
  }

  /**
   * Adds the key after a delay that grows with each call until `forget`, and that the overall limit may make longer.
   * It keeps the priority with which it was handed out.
   * @param atLeastMs no delay is shorter: what a server asked for
   */
  addRateLimited(key: string, retry: Retry = 'passing', atLeastMs = 0): void {
    if (this.#shutDown) return;
    const { delayMs, inLine } = this.#limiter.when(key, retry);
    const priority = this.#running.get(key)?.priority ?? NORMAL_PRIORITY;
    this.#put(key, { delayMs: Math.max(delayMs, atLeastMs), inLine }, priority);
  }

  /** How often the key was rate limited since it was forgotten. */
  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /** It works again: the next failure is the first one. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  /** The next key, as soon as there is one; undefined after `shutDown`. Each key must be given back with `done`. */
  get(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#handOut();
    });
  }

  /** The work on the key has ended. If it was added meanwhile, it waits again now. */
  done(key: string): void {
    const run = this.#running.get(key);
    if (run === undefined) return;
    this.#running.delete(key);
    this.#hooks.onDone?.(this.#clock.monotonic() - run.since);
    const again = this.#items.get(key);
    if (again?.state === 'parked') {
      this.#parked--;
      this.#lineUp(again);
    }
    this.#settle();
  }

  /**
   * Hands out nothing more and forgets what waits: the next process finds it in its first list. Resolves when every key
   * that is being worked on is done.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true;
    this.#items.clear();
    this.#ready.clear();
    this.#delayed.clear();
    this.#parked = 0;
    this.#limiter.forgetAll();
    this.#arm();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
    this.#settle();
    return this.#drained.promise;
  }

  #put(key: string, { delayMs, inLine }: { delayMs: number; inLine: boolean }, priority: number): void {
    const isDelayed = delayMs > 0;
    const readyAt = this.#clock.monotonic() + (isDelayed ? delayMs : 0);
    if (isDelayed) this.#hooks.onRetry?.();
    const known = this.#items.get(key);
    if (known) return this.#join(known, { isDelayed, readyAt, inLine, priority });
    const group = this.#groupOf(key);
    const item: Item = { key, group, priority, order: this.#order++, state: 'delayed', readyAt, inLine, index: 0 };
    this.#items.set(key, item);
    if (!isDelayed) return this.#due(item);
    this.#delayed.push(item);
    this.#arm();
  }

  /** The key waits already: the earliest time and the highest priority count. */
  #join(item: Item, add: { isDelayed: boolean; readyAt: number; inLine: boolean; priority: number }): void {
    if (add.priority > item.priority) this.#lift(item, add.priority);
    const isEarlier = item.state === 'delayed' && add.readyAt < item.readyAt;
    // One of the two places in the line is not needed.
    if (isEarlier ? item.inLine : add.inLine) this.#limiter.cancel();
    if (!isEarlier) return;
    item.readyAt = add.readyAt;
    item.inLine = add.inLine;
    if (add.isDelayed) this.#delayed.hastened(item);
    else {
      this.#delayed.remove(item);
      this.#due(item);
    }
    this.#arm();
  }

  #lift(item: Item, priority: number): void {
    if (item.state === 'ready') this.#ready.remove(item);
    item.priority = priority;
    if (item.state === 'ready') this.#lineUp(item);
  }

  /** Its time has come. */
  #due(item: Item): void {
    this.#hooks.onAdd?.();
    if (!this.#running.has(item.key)) return this.#lineUp(item);
    item.state = 'parked';
    this.#parked++;
  }

  #lineUp(item: Item): void {
    item.state = 'ready';
    item.order = this.#order++;
    this.#ready.push(item);
    this.#handOut();
  }

  #handOut(): void {
    while (this.#idle.length > 0) {
      const item = this.#ready.shift();
      if (!item) return;
      this.#items.delete(item.key);
      const since = this.#clock.monotonic();
      this.#running.set(item.key, { since, priority: item.priority });
      this.#hooks.onGet?.(since - item.readyAt);
      this.#idle.shift()?.(item.key);
    }
  }

  /** One timer, for the earliest of the delayed. */
  #arm(): void {
    const at = this.#delayed.first?.readyAt;
    if (at === this.#timer?.at) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    // Node's timers count whole milliseconds and cut off the rest: one that fires early would have to be set again.
    const ms = Math.ceil(at - this.#clock.monotonic());
    this.#timer = { at, timer: this.#clock.setTimer(ms, () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let item = this.#delayed.first; item && item.readyAt <= now; item = this.#delayed.first) {
      this.#delayed.remove(item);
      this.#due(item);
    }
    this.#arm();
  }

  #settle(): void {
    if (this.#shutDown && this.#running.size === 0) this.#drained.resolve();
  }
}
