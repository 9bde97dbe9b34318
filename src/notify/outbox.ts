import { backoffDelay } from '../runtime/backoff.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { cloudEventOf, CONTENT_TYPE } from './cloud-event.ts';
import type { Notice } from './notice.ts';
import type { Send } from './send.ts';
import { signedHeaders } from './signature.ts';

/** What became of a notice at one receiver. */
export type NoticeResult = 'delivered' | 'refused' | 'gaveUp' | 'dropped';

export interface OutboxOptions {
  receiver: URL;
  key: () => Buffer;
  send: Send;
  clock: Clock;
  logger: Logger;
  onResult: (result: NoticeResult) => void;
  userAgent: string;
}

/** So many notices wait for one receiver; the oldest goes when one more comes. */
export const MAX_WAITING = 1_000;
/** A notice that was not delivered so long after its event is given up, in ms: who has to act needs no older one. */
export const MAX_AGE_MS = 15 * 60_000;

const PAUSE = { baseMs: 1_000, capMs: 60_000 };

/**
 * The notices for one receiver, in order, one at a time. A receiver that fails is tried again; the others do not wait
 * for it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: Notice[] = [];
  readonly #abort = new AbortController();
  #going: Promise<void> | undefined;
  #failures = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(notice: Notice): void {
    if (this.#abort.signal.aborted) return this.#options.onResult('dropped');
    if (this.#waiting.length >= MAX_WAITING) this.#dropOldest();
    this.#waiting.push(notice);
    this.#going ??= this.#work().finally(() => (this.#going = undefined));
  }

  /** Resolves when nothing waits any more, or after `ms`: what waits then is dropped. */
  async stop(ms: number): Promise<void> {
    const { clock, onResult } = this.#options;
    const over = new AbortController();
    await Promise.race([this.#going, sleep(clock, ms, over.signal)]);
    over.abort();
    this.#abort.abort();
    await this.#going;
    this.#waiting.splice(0).forEach(() => onResult('dropped'));
  }

  /** The head may be under way: it stays. */
  #dropOldest(): void {
    this.#waiting.splice(1, 1);
    this.#options.onResult('dropped');
  }

  async #work(): Promise<void> {
    for (let notice = this.#waiting[0]; notice !== undefined; notice = this.#waiting[0]) {
      const result = await this.#deliver(notice);
      if (result === undefined) return;
      this.#waiting.shift();
      this.#options.onResult(result);
    }
  }

  /** @returns undefined when it was stopped before the end */
  async #deliver(notice: Notice): Promise<NoticeResult | undefined> {
    const { clock, receiver, send } = this.#options;
    const { signal } = this.#abort;
    const body = cloudEventOf(notice);
    for (;;) {
      const outcome = await send({ url: receiver, headers: this.#headers(notice, body), body }, signal);
      if (signal.aborted) return outcome.kind === 'delivered' ? 'delivered' : undefined;
      if (outcome.kind === 'delivered') return this.#succeeded();
      if (outcome.kind === 'never') return this.#refused(notice, outcome.why);
      this.#failed(outcome.why);
      const pause = outcome.afterMs ?? backoffDelay(this.#failures, PAUSE);
      if (clock.now() + pause - notice.at > MAX_AGE_MS) return this.#gaveUp(notice, outcome.why);
      await sleep(clock, pause, signal);
      if (signal.aborted) return undefined;
    }
  }

  #headers({ id }: Notice, body: string): Record<string, string> {
    const { key, clock, userAgent } = this.#options;
    const signed = signedHeaders({ id, at: clock.now(), body, key: key() });
    return { 'content-type': CONTENT_TYPE, 'user-agent': userAgent, ...signed };
  }

  #succeeded(): NoticeResult {
    if (this.#failures > 0) this.#options.logger.info(this.#about(), 'the receiver of notices answers again');
    this.#failures = 0;
    return 'delivered';
  }

  #failed(why: string): void {
    this.#failures += 1;
    // One line for each time that it falls silent, not one for each try.
    if (this.#failures === 1) this.#options.logger.warn({ ...this.#about(), why }, 'a notice is sent again later');
  }

  #refused({ id }: Notice, why: string): NoticeResult {
    this.#failures = 0;
    this.#options.logger.warn({ ...this.#about(), notice: id, why }, 'the receiver refused a notice for good');
    return 'refused';
  }

  #gaveUp({ id }: Notice, why: string): NoticeResult {
    this.#options.logger.warn({ ...this.#about(), notice: id, why }, 'a notice was given up');
    return 'gaveUp';
  }

  /** The host alone: path and query can hold a token. */
  #about(): { receiver: string } {
    return { receiver: this.#options.receiver.host };
  }
}
