import { apiAnswer } from './api-answer.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { Logger } from './logger.ts';
import { errorMessage, isError } from './error-message.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a reconcile asks for. Nothing: only a change brings the key back. */
export interface Result {
  /** Look again after so many ms, at the latest. */
  requeueAfterMs?: number;
}

/** No retry would help: logged, and the key rests until it changes (controller-runtime's reconcile.TerminalError). */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** Try again after just so long. Any error with a numeric `retryAfterMs` is treated so, such as an answer 429. */
export class RetryError extends Error {
  override readonly name = 'RetryError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The `result` labels of controller_runtime_reconcile_total, with the causes told apart. */
export type ReconcileResult = 'success' | 'requeue_after' | 'error' | 'terminal_error' | 'timeout' | 'panic';

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
  onReconcile?: (report: { result: ReconcileResult; ms: number }) => void;
}

/** A bug in our code, not a fault of the world: logged with its stack, so that it can be found. */
const bugs = [TypeError, ReferenceError, RangeError, SyntaxError];

/**
 * Workers that take keys from a queue and reconcile them: controller-runtime's internal Controller. What a reconcile returns
 * or throws decides what happens to its key:
 *
 * | outcome                     | the key                               |
 * | --------------------------- | ------------------------------------- |
 * | `{}`                        | rests until it changes                |
 * | `{requeueAfterMs}`          | comes back after that, at the latest  |
 * | error with `retryAfterMs`   | comes back after that                 |
 * | `TerminalError`             | rests until it changes                |
 * | any other throw, a timeout  | comes back with exponential backoff   |
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
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
    }
  }

  async #process(key: string): Promise<void> {
    const { queue, reconcile, timeoutMs = 60_000 } = this.#options;
    const attempt = new AbortController();
    const onStop = (): void => attempt.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', onStop);
    let timedOut = false;
    const timer = this.#clock.setTimer(timeoutMs, () => {
      timedOut = true;
      attempt.abort(new Error(`not reconciled within ${timeoutMs} ms`));
    });
    const started = this.#clock.monotonic();
    let result: ReconcileResult;
    try {
      const { requeueAfterMs } = await reconcile(key, attempt.signal);
      queue.forget(key);
      if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
      result = requeueAfterMs === undefined ? 'success' : 'requeue_after';
    } catch (error) {
      result = this.#failed(key, error, timedOut);
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', onStop);
    }
    this.#options.onReconcile?.({ result, ms: this.#clock.monotonic() - started });
  }

  #failed(key: string, error: unknown, timedOut: boolean): ReconcileResult {
    const { name, queue, logger } = this.#options;
    const fields = { controller: name, key, err: errorMessage(error) };
    if (this.#stop.signal.aborted) {
      logger.debug(fields, 'reconcile ended by the stop');
      return 'error';
    }
    if (error instanceof TerminalError) {
      queue.forget(key);
      logger.error(fields, 'reconcile failed for good');
      return 'terminal_error';
    }
    const { retryAfterMs } = apiAnswer(error);
    // A server that asks for no pause at all still gets one.
    if (retryAfterMs === undefined || retryAfterMs <= 0) queue.addRateLimited(key);
    else queue.addAfter(key, retryAfterMs);
    const failures = queue.failures(key);
    if (timedOut) {
      logger.error({ ...fields, failures }, 'reconcile timed out');
      return 'timeout';
    }
    if (!isError(error) || bugs.some((bug) => error instanceof bug)) {
      const stack = isError(error) ? error.stack : undefined;
      logger.error({ ...fields, failures, stack }, 'reconcile threw what it never should');
      return 'panic';
    }
    logger.warn({ ...fields, failures, retryAfterMs }, 'reconcile failed');
    return 'error';
  }
}
