import { apiAnswer } from './api-answer.ts';
import { backoffDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { sleep, systemClock } from './clock.ts';
import type { EventObject, EventRecord, EventReporter, EventSeries } from './event.ts';
import { buildEvent } from './event.ts';
import type { Logger } from './logger.ts';
import { silentLogger } from './logger.ts';
import { microTime } from './micro-time.ts';
import { NotLeaderError } from './not-leader-error.ts';
import { errorMessage } from './error-message.ts';
import { Recent } from './recent.ts';
import { TokenBucket } from './token-bucket.ts';

/** The two calls to the API server. Errors carry what `apiAnswer` reads. */
export interface EventPort {
  create(namespace: string, event: EventObject, signal: AbortSignal): Promise<unknown>;
  /** Changes nothing but `series`: everything else of an Event is immutable. */
  patchSeries(event: EventObject, series: EventSeries, signal: AbortSignal): Promise<unknown>;
}

export interface EventRecorderOptions {
  port: EventPort;
  reporter: EventReporter;
  clock?: Clock;
  logger?: Logger;
  random?: () => number;
  /** Events waiting to be sent; more are dropped. Default 1000. */
  queueSize?: number;
  /** Whether other work waits for the API server, which goes first: an event waits for it, two seconds at most. */
  isBusy?: () => boolean;
}

/** One event and its repetitions. */
interface Series {
  event: EventObject;
  /** It is named by a key: exactly one. */
  once: boolean;
  count: number;
  /** What the server knows; 0 when it does not know the event. */
  sent: number;
  lastObserved: number;
}

/** client-go's: an event that was silent for so long starts a new series (finishTime in tools/events). */
const seriesEndsMs = 6 * 60_000;
/** client-go's spam filter (tools/record/events_cache.go). */
const burst = 25;
const refillMs = 5 * 60_000;
const attempts = 4;
const retry = { baseMs: 250, capMs: 5_000 };
/** How long an event waits for other work, and how often it looks whether that is done. Ms. */
const giveWayMs = 2_000;
const lookMs = 20;

/**
 * Sends events without ever holding up or failing its caller: client-go's tools/events EventRecorder with its
 * correlator. Events are for people and may be lost; conditions are the record.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #series = new Recent<Series>(1_000);
  readonly #buckets = new Recent<TokenBucket>(4_096);
  /** Namespaces whose refusal has been logged. */
  readonly #refused = new Recent<true>(100);
  /** In the order they are sent. */
  readonly #queue = new Set<Series>();
  readonly #abort = new AbortController();
  #sending: Promise<void> | undefined;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Returns at once and never throws; the event is sent later, or dropped if there are too many. */
  record(record: EventRecord): void {
    try {
      this.#accept(record);
    } catch (error) {
      this.#logger.error({ reason: record.reason, err: errorMessage(error) }, 'an event could not be built');
    }
  }

  /** Takes no more events, and sends what waits for at most `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    const timer = this.#clock.setTimer(deadlineMs, () =>
      this.#abort.abort(new Error('the event recorder is stopping')),
    );
    await this.#sending;
    timer.cancel();
  }

  #accept(record: EventRecord): void {
    if (this.#stopped) return;
    const { regarding, related, type, reason, action, note, key } = record;
    const identity = JSON.stringify(
      key === undefined ? [regarding.uid, related?.uid, type, reason, action, note] : [regarding.uid, reason, key],
    );
    const now = this.#clock.now();
    let series = this.#series.get(identity);
    if (series?.once) return;
    if (series && now - series.lastObserved > seriesEndsMs) series = undefined;
    if (!this.#allowed(regarding.uid) || this.#isFull(series)) {
      this.#logger.debug({ object: regarding.name, reason }, 'an event was dropped: too many');
      return;
    }
    series ??= {
      event: buildEvent(record, this.#options.reporter, now),
      once: key !== undefined,
      count: 0,
      sent: 0,
      lastObserved: now,
    };
    series.count++;
    series.lastObserved = now;
    this.#series.set(identity, series);
    this.#queue.add(series);
    this.#sending ??= this.#send();
  }

  #isFull(series: Series | undefined): boolean {
    const waits = series !== undefined && this.#queue.has(series);
    return !waits && this.#queue.size >= (this.#options.queueSize ?? 1_000);
  }

  #allowed(uid: string): boolean {
    const now = this.#clock.monotonic();
    let bucket = this.#buckets.get(uid);
    if (!bucket) this.#buckets.set(uid, (bucket = new TokenBucket(burst, refillMs, now)));
    return bucket.take(now);
  }

  async #send(): Promise<void> {
    // Not within the caller's own turn: repetitions of that turn are sent as one.
    await Promise.resolve();
    for (const series of this.#queue) {
      if (this.#abort.signal.aborted) break;
      await this.#giveWay(series);
      this.#queue.delete(series);
      await this.#sendOne(series);
    }
    this.#queue.clear();
    // In the same turn as the look into the empty queue, else an event of the next turn would wait for another.
    this.#sending = undefined;
  }

  /** Not at the end of the process, nor where so many events wait that some would be dropped soon. */
  async #giveWay({ lastObserved }: Series): Promise<void> {
    const { isBusy = () => false, queueSize = 1_000 } = this.#options;
    const until = lastObserved + giveWayMs;
    while (isBusy() && !this.#stopped && this.#queue.size <= queueSize / 2 && this.#clock.now() < until)
      await sleep(this.#clock, lookMs, this.#abort.signal);
  }

  async #sendOne(series: Series): Promise<void> {
    for (let attempt = 1; !this.#abort.signal.aborted; attempt++) {
      try {
        await this.#write(series);
        return;
      } catch (error) {
        const delay = this.#retryDelay(series, error, attempt);
        if (delay === undefined) return;
        await sleep(this.#clock, delay, this.#abort.signal);
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { port } = this.#options;
    const { event, count } = series;
    const repeated = { count, lastObservedTime: microTime(series.lastObserved) };
    if (series.sent > 0) await port.patchSeries(event, repeated, this.#abort.signal);
    // The server refuses a series of one.
    else
      await port.create(
        event.metadata.namespace,
        count > 1 ? { ...event, series: repeated } : event,
        this.#abort.signal,
      );
    series.sent = count;
  }

  /** Ms until the next attempt, or undefined to give up. */
  #retryDelay(series: Series, error: unknown, attempt: number): number | undefined {
    // Whoever leads now tells the story on; one of ours may be missing in it.
    if (error instanceof NotLeaderError) return undefined;
    const { code, retryAfterMs } = apiAnswer(error);
    // Sent before, by an earlier process, another instance, or by ourselves when the answer was lost.
    if (code === 409 && series.sent === 0) {
      series.sent = 1;
      return undefined;
    }
    // The server forgets events after an hour.
    if (code === 404 && series.sent > 0) {
      series.sent = 0;
      return attempt < attempts ? 0 : undefined;
    }
    const passing = code === undefined || code === 429 || code >= 500;
    if (passing && attempt < attempts) {
      const own = backoffDelay(attempt, { ...retry, random: this.#options.random ?? Math.random });
      return Math.min(Math.max(own, retryAfterMs ?? 0), 10_000);
    }
    this.#reportLoss(series, code, error);
    return undefined;
  }

  #reportLoss({ event }: Series, code: number | undefined, error: unknown): void {
    const { namespace, name } = event.metadata;
    if (code === 403 || code === 404) {
      // No right, or a namespace that is going or gone: said once, the next event will fare the same.
      if (this.#refused.get(namespace)) return;
      this.#refused.set(namespace, true);
    }
    const fields = { namespace, event: name, reason: event.reason, code, err: errorMessage(error) };
    this.#logger.warn(fields, 'an event was not sent');
  }
}
