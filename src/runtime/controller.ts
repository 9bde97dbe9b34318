import { setImmediate } from 'node:timers/promises';
import { apiAnswer, isRefusal } from './api-answer.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { Logger } from './logger.ts';
import { errorMessage, isError } from './error-message.ts';
import { NotLeaderError } from './not-leader-error.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a reconcile asks for. Nothing: only a change brings the key back. */
export interface Result {
  /** Look again after so many ms, at the latest. */
  requeueAfterMs?: number;
  /** What it decided on was old (a conflict): look again when the watch may have brought what is new. No failure. */
  requeue?: boolean;
}

/** No retry would help: logged, and the key rests until it changes (controller-runtime's reconcile.TerminalError). */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/**
 * It failed by `cause`, and is tried again after the pause of that, but `withinMs` at the latest: something else comes
 * due then.
 */
export class RetryBy extends Error {
  override readonly name = 'RetryBy';
  readonly withinMs: number;

  constructor(cause: Error, withinMs: number) {
    super(cause.message, { cause });
    this.withinMs = withinMs;
  }
}

/** How a reconcile ended, as controller-runtime counts it. */
export interface ReconcileReport {
  /** The label of controller_runtime_reconcile_total. */
  result: 'success' | 'requeue' | 'requeue_after' | 'error';
  /** What kind of error it was, where that has a counter of its own. */
  error?: 'terminal' | 'panic';
  /** It took too long and was told to stop, however it ended then. */
  timedOut: boolean;
  ms: number;
}

export interface ControllerOptions {
  name: string;
  queue: WorkQueue;
  /** Must stop soon after `signal` aborts: until it has ended, nobody else may have the key. */
  reconcile: (key: string, signal: AbortSignal) => Promise<Result>;
  /** Keys at the same time; default 1. */
  workers?: number;
  /** After so many ms the signal of a reconcile aborts; default 60,000. */
  timeoutMs?: number;
  logger: Logger;
  clock?: Clock;
  /** For metrics. It must not throw. */
  onReconcile?: (report: ReconcileReport) => void;
}

/** How long keys may follow each other before the event loop gets its turn, ms. */
const TURN_MS = 10;

/** A bug in our code, not a fault of the world: logged with its stack, so that it can be found. */
const bugs = [TypeError, ReferenceError, RangeError, SyntaxError];

/**
 * Workers that take keys from a queue and reconcile them: controller-runtime's internal Controller. What a reconcile
 * returns or throws decides what happens to its key:
 *
 * | outcome                    | the key                                       | result, and what else is counted |
 * | -------------------------- | --------------------------------------------- | -------------------------------- |
 * | `{}`                       | rests until it changes                        | success                          |
 * | `{requeueAfterMs}`         | comes back after that, at the latest          | requeue_after                    |
 * | `{requeue: true}`          | comes back with backoff, but as no failure    | requeue                          |
 * | `TerminalError`            | rests until it changes                        | error, terminal error            |
 * | any other error            | comes back with backoff, see `Retry`          | error                            |
 * | ... with `retryAfterMs`    | not before that, as a 429 asks for            | error                            |
 * | a bug, or no error at all  | comes back with backoff                       | error, panic                     |
 * | too long                   | is told to stop; what it then does counts     | as above, and timeout            |
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  /** When the event loop had its last turn from us, monotonic ms. */
  #turn = 0;
  #workers: Promise<void>[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Begins to take keys. Fill the caches before. Once only. */
  start(): void {
    if (this.#workers.length > 0) throw new Error(`controller ${this.#options.name} has been started before`);
    this.#workers = Array.from({ length: this.#options.workers ?? 1 }, () => this.#work());
  }

  /**
   * Takes no more keys, lets running reconciles end by themselves for `drainMs`, then aborts them.
   * Resolves when none runs.
   * @param drainMs 0 (the default) when the term as a leader is over: abort at once
   */
  async stop(drainMs = 0): Promise<void> {
    const drained = this.#options.queue.shutDown();
    const abort = (): void => this.#stop.abort(new Error('the controller is stopping'));
    if (drainMs > 0) {
      const timer = this.#clock.setTimer(drainMs, abort);
      await drained;
      timer.cancel();
    }
    abort();
    await Promise.all([drained, ...this.#workers]);
  }

  async #work(): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        await this.#process(key);
      } finally {
        queue.done(key);
      }
      await this.#breathe();
    }
  }

  /** Keys that need no I/O would follow each other without the event loop ever coming to its sockets and timers. */
  async #breathe(): Promise<void> {
    if (this.#clock.monotonic() - this.#turn < TURN_MS) return;
    await setImmediate();
    this.#turn = this.#clock.monotonic();
  }

  async #process(key: string): Promise<void> {
    const { reconcile, timeoutMs = 60_000 } = this.#options;
    const attempt = new AbortController();
    const onStop = (): void => attempt.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', onStop);
    let timedOut = false;
    const timer = this.#clock.setTimer(timeoutMs, () => {
      timedOut = true;
      attempt.abort(new Error(`not reconciled within ${timeoutMs} ms`));
    });
    const started = this.#clock.monotonic();
    let outcome: Pick<ReconcileReport, 'result' | 'error'>;
    try {
      outcome = this.#ended(key, await reconcile(key, attempt.signal));
    } catch (error) {
      outcome = this.#failed(key, error, timedOut);
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', onStop);
    }
    this.#options.onReconcile?.({ ...outcome, timedOut, ms: this.#clock.monotonic() - started });
  }

  #ended(key: string, { requeueAfterMs, requeue }: Result): Pick<ReconcileReport, 'result'> {
    const { queue } = this.#options;
    if (requeue) {
      queue.addRateLimited(key, 'outdated');
      return { result: 'requeue' };
    }
    queue.forget(key);
    if (requeueAfterMs === undefined) return { result: 'success' };
    // At the normal priority, also where a list brought the key: what comes due must not wait behind the rest of that
    // list.
    queue.addAfter(key, requeueAfterMs);
    return { result: 'requeue_after' };
  }

  #failed(key: string, error: unknown, timedOut: boolean): Pick<ReconcileReport, 'result' | 'error'> {
    if (!(error instanceof RetryBy)) return this.#retry(key, error, timedOut);
    const ended = this.#retry(key, error.cause, timedOut);
    // Of the two the earlier counts.
    if (!this.#stop.signal.aborted) this.#options.queue.addAfter(key, Math.max(0, error.withinMs));
    return ended;
  }

  #retry(key: string, error: unknown, timedOut: boolean): Pick<ReconcileReport, 'result' | 'error'> {
    const { name, queue, logger } = this.#options;
    const fields = { controller: name, key, err: errorMessage(error) };
    if (this.#stop.signal.aborted) {
      logger.debug(fields, 'reconcile ended by the stop');
      return { result: 'error' };
    }
    if (error instanceof TerminalError) {
      queue.forget(key);
      logger.error(fields, 'reconcile failed for good');
      return { result: 'error', error: 'terminal' };
    }
    const { code, retryAfterMs } = apiAnswer(error);
    queue.addRateLimited(key, isRefusal(code) ? 'refused' : 'passing', retryAfterMs);
    if (error instanceof NotLeaderError) {
      // The term is over, and its end is about to stop us: a process that was frozen sees its own deadline first.
      logger.debug(fields, 'reconcile ended with the term');
      return { result: 'error' };
    }
    const failures = queue.failures(key);
    if (timedOut) {
      logger.error({ ...fields, failures }, 'reconcile timed out');
      return { result: 'error' };
    }
    if (!isError(error) || bugs.some((bug) => error instanceof bug)) {
      const stack = isError(error) ? error.stack : undefined;
      logger.error({ ...fields, failures, stack }, 'reconcile threw what it never should');
      return { result: 'error', error: 'panic' };
    }
    logger.warn({ ...fields, failures, retryAfterMs }, 'reconcile failed');
    return { result: 'error' };
  }
}
