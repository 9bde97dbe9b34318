import { backoffDelay } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';
import { systemClock } from './clock.ts';

/** For the metrics that client-go names `workqueue_*`. They must not throw. */
export interface WorkQueueHooks {
  /** A key that did not wait yet has been added. */
  onAdd?(): void;
  /** A key was handed out after waiting so long. */
  onGet?(waitedMs: number): void;
  onDone?(workedMs: number): void;
  onRetry?(): void;
}

export interface WorkQueueOptions {
  clock?: Clock;
  /** The first delay of `addRateLimited`, ms; default 5. */
  baseDelayMs?: number;
  /** The longest one, ms; default 5,000. */
  maxDelayMs?: number;
  random?: () => number;
  hooks?: WorkQueueHooks;
}

/**
 * Keys that need work, each once: client-go's rate limiting workqueue. A key that is added while it waits is not added again;
 * one that is added while it is worked on waits for its `done`, so that no two workers ever have the same key.
 * A key that neither waits, runs nor fails takes no memory.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #options: WorkQueueOptions;
  /** In the order they are handed out, with the time of their add. */
  readonly #waiting = new Map<string, number>();
  /** Being worked on, since when. */
  readonly #running = new Map<string, number>();
  /** Added again while being worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #idle: ((key: string | undefined) => void)[] = [];
  readonly #drained = Promise.withResolvers<void>();
  #shutDown = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** How many keys wait for a worker now (not those delayed, not those being worked on). */
  get length(): number {
    return this.#waiting.size;
  }

  /** How many keys the queue remembers for whatever reason. */
  get size(): number {
    return new Set([
      ...this.#waiting.keys(),
      ...this.#running.keys(),
      ...this.#delayed.keys(),
      ...this.#failures.keys(),
    ]).size;
  }

  /** Hands the key out as soon as a worker is free. */
  add(key: string): void {
    if (this.#shutDown) return;
    if (this.#running.has(key)) {
      if (!this.#again.has(key)) this.#options.hooks?.onAdd?.();
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#options.hooks?.onAdd?.();
    this.#waiting.set(key, this.#clock.monotonic());
    this.#handOut();
  }

  /** Adds the key after `ms`. Of several the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#shutDown) return;
    if (!(ms > 0)) return this.add(key);
    const at = this.#clock.monotonic() + ms;
    const pending = this.#delayed.get(key);
    if (pending && pending.at <= at) return;
    pending?.timer.cancel();
    const timer = this.#clock.setTimer(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the key after a delay that grows with each call, until `forget`. */
  addRateLimited(key: string): void {
    if (this.#shutDown) return;
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    this.#options.hooks?.onRetry?.();
    const { baseDelayMs: baseMs = 5, maxDelayMs: capMs = 5_000, random = Math.random } = this.#options;
    this.addAfter(key, backoffDelay(failures, { baseMs, capMs, random }));
  }

  /** How often the key was rate limited since it was forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** It works again: the next failure is the first one. */
  forget(key: string): void {
    this.#failures.delete(key);
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
    const started = this.#running.get(key);
    if (started === undefined) return;
    this.#running.delete(key);
    this.#options.hooks?.onDone?.(this.#clock.monotonic() - started);
    if (this.#again.delete(key)) {
      this.#waiting.set(key, this.#clock.monotonic());
      this.#handOut();
    }
    this.#settle();
  }

  /**
   * Hands out nothing more and forgets what waits: the next process finds it in its first list. Resolves when every key
   * that is being worked on is done.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true;
    this.#waiting.clear();
    this.#again.clear();
    this.#failures.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
    this.#settle();
    return this.#drained.promise;
  }

  #handOut(): void {
    for (const [key, added] of this.#waiting) {
      const worker = this.#idle.shift();
      if (!worker) return;
      this.#waiting.delete(key);
      const now = this.#clock.monotonic();
      this.#running.set(key, now);
      this.#options.hooks?.onGet?.(now - added);
      worker(key);
    }
  }

  #settle(): void {
    if (this.#shutDown && this.#running.size === 0) this.#drained.resolve();
  }
}
