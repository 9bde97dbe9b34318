import { errorMessage } from '../runtime/error-message.ts';
import { NotLeaderError } from '../runtime/not-leader-error.ts';
import { ApiError, ConnectionError } from './api-error.ts';

/**
 * Made once: without a reason each abort would make a DOMException with a stack, 7 % of the operator's CPU under load.
 */
const ended = new Error('the request has ended');

/**
 * One signal out of the caller's and a timeout. `AbortSignal.any` would do the same, but hangs a listener on a signal
 * that lives as long as the process for each request; this one takes its listener off again.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #timeoutMs: number;
  readonly #server: string;
  readonly #onAbort = (): void => this.#controller.abort(this.#caller?.reason);
  #expired = false;

  /** @param server for the words of what went wrong */
  constructor(timeoutMs: number, server: string, caller?: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#server = server;
    this.#caller = caller;
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#controller.abort();
    }, timeoutMs);
    if (caller?.aborted) this.#onAbort();
    else caller?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Its time is over; the caller's signal did not come first. */
  get isExpired(): boolean {
    return this.#expired && this.#caller?.aborted !== true;
  }

  /** No timeout from here on; the caller's signal still counts. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  /** Done: whatever still runs on the signal is stopped. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onAbort);
    this.#controller.abort(ended);
  }

  /**
   * What to throw for an error of the request: the server's answer, the caller's reason, or why there was no answer.
   */
  explain(error: unknown): unknown {
    if (error instanceof ApiError || error instanceof ConnectionError || error instanceof NotLeaderError) return error;
    if (this.#caller?.aborted) return this.#caller.reason;
    const server = this.#server;
    if (this.#expired) {
      return new ConnectionError('ETIMEDOUT', `no whole answer from ${server} within ${this.#timeoutMs} ms`, error);
    }
    return new ConnectionError(codeOf(error), `no answer from ${server}: ${errorMessage(error)}`, error);
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'ECONNECTION';
}
