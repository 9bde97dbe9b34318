import { apiAnswer, needsAPerson } from './api-answer.ts';
import { backoffDelay } from './backoff.ts';
import type { Clock } from './clock.ts';
import { sleep, systemClock } from './clock.ts';
import type { Logger } from './logger.ts';
import { silentLogger } from './logger.ts';
import { errorMessage } from './error-message.ts';
import { compareResourceVersions, latestResourceVersion } from './resource-version.ts';
import type { WatchEvent } from './watch-event.ts';

/** resourceVersion 0: from the API server's cache, as old as that may be. */
export type ListQuery = { limit?: number; continue?: string; resourceVersion?: '0' };
export type WatchQuery = { resourceVersion: string; allowWatchBookmarks: true; timeoutSeconds: number };

export interface ListPage {
  metadata: { resourceVersion?: string; continue?: string };
  items?: unknown[] | null;
}

/** One resource of the API server. Both must end soon after `signal` aborts; errors carry what `apiAnswer` reads. */
export interface ListWatchSource {
  list(query: ListQuery, signal: AbortSignal): Promise<ListPage>;
  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

/** What is told. All are called in the order of the server's history; what they throw is logged, no more. */
export interface ListWatchHandler<T> {
  onList(items: T[], resourceVersion: string): void;
  onEvent(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T, resourceVersion: string): void;
  /** Nothing happened up to here. */
  onBookmark?(resourceVersion: string): void;
}

export interface ListWatchOptions<T> {
  /** For the log, such as `pods`. */
  name: string;
  source: ListWatchSource;
  handler: ListWatchHandler<T>;
  /** Makes the object that is kept out of the one that was read, trimmed as a rule. Default: as it is. */
  transform?: (object: unknown) => T;
  clock?: Clock;
  logger?: Logger;
  random?: () => number;
  /** Objects a page; default 500, as client-go has it. */
  pageSize?: number;
  /** A watch that is silent for so long, without even a bookmark, is taken for dead. Ms, default 150,000. */
  idleMs?: number;
}

/**
 * How a watch ended. `gone`: its resourceVersion is too old, and the stream cannot go on without a list. `silent`: we
 * ended it.
 */
type WatchEnd = { kind: 'closed' | 'gone' | 'silent' } | { kind: 'error'; error: unknown };

/** What one connection brought. */
interface Course {
  /** Anything at all: somebody is there. */
  heard: boolean;
  /** A change that was new to us. A bookmark is none: a server may send one and hang up, for ever. */
  news: boolean;
}

/**
 * A watch that ends sooner, without a change that is new, counts as a failure: else a broken server would be asked
 * without a pause.
 */
const shortWatchMs = 1_000;
/**
 * What nobody answers is given up sooner (RestClient: after 10 s), so a connection that broke later had been answered.
 */
const answeredMs = 20_000;
/** Bookmarks come about once a minute (kube-apiserver's defaultBookmarkFrequency); the first may take two. */
const silenceMs = 150_000;

const passing = { baseMs: 100, capMs: 5_000 };
/** Nobody grants a right or renews a credential within seconds. */
const refused = { baseMs: 100, capMs: 30_000 };

/**
 * Lists, then watches, for ever: client-go's Reflector. It goes on from the last resourceVersion when a connection
 * ends, lists anew when the server says 410 (as a status or in the stream), and survives every error, so `run` ends
 * only with its signal.
 *
 * HTTP/1.1 has no pings, so a connection that died in silence would be believed for ever. Bookmarks take their place:
 * without an event or a bookmark for `idleMs` the watch is opened anew where it stood, which costs one request (ADR
 * 0012).
 */
export class ListWatch<T> {
  readonly #options: ListWatchOptions<T>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: () => number;
  /** Where the watch goes on; undefined: list first. */
  #resourceVersion: string | undefined;
  #failures = 0;
  #goneBefore = false;
  #running: Promise<void> | undefined;
  #failure: string | undefined;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#random = options.random ?? Math.random;
  }

  /** What went wrong last, until it works again. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * Resolves after `signal` aborts; it never rejects. It runs once: a second call is logged and gets the end of the
   * first, as two loops would open every watch twice.
   */
  run(signal: AbortSignal): Promise<void> {
    if (this.#running) this.#logger.error({ resource: this.#options.name }, 'list and watch were started twice');
    return (this.#running ??= this.#loop(signal));
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const end = await this.#once(signal);
      if (signal.aborted) return;
      if (end.kind === 'error') await this.#pause(end.error, signal);
      if (end.kind === 'gone') await this.#relist(signal);
    }
  }

  /**
   * The first time at once; again without a watch that lasted in between, the server's watches are ahead of its lists.
   */
  async #relist(signal: AbortSignal): Promise<void> {
    this.#resourceVersion = undefined;
    this.#logger.info({ resource: this.#options.name }, 'the watch is too far behind, listing again');
    if (this.#goneBefore) await this.#pause({ code: 410, message: 'gone again' }, signal);
    this.#goneBefore = true;
  }

  async #once(signal: AbortSignal): Promise<WatchEnd> {
    try {
      if (this.#resourceVersion === undefined) {
        this.#resourceVersion = await this.#list(signal);
        this.#works();
      }
    } catch (error) {
      return { kind: 'error', error };
    }
    return this.#watch(this.#resourceVersion, signal);
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures++;
    const { code, retryAfterMs } = apiAnswer(error);
    const backoff = code === 401 || code === 403 ? refused : passing;
    const own = backoffDelay(this.#failures, { ...backoff, random: this.#random });
    // Never before the time the server asked for, and not all of us at that very moment.
    const delay = retryAfterMs === undefined ? own : Math.max(own, retryAfterMs * (1 + 0.1 * this.#random()));
    const err = errorMessage(error);
    const level = needsAPerson(code) && err === this.#failure ? 'debug' : 'warn';
    this.#failure = err;
    const fields = { resource: this.#options.name, code, err, retryInMs: Math.round(delay) };
    this.#logger[level](fields, 'list or watch failed');
    await sleep(this.#clock, delay, signal);
  }

  /** @returns the resourceVersion to watch from */
  async #list(signal: AbortSignal): Promise<string> {
    const { source, pageSize = 500 } = this.#options;
    const items: T[] = [];
    let query: ListQuery = { limit: pageSize };
    for (;;) {
      let page: ListPage;
      try {
        page = await source.list(query, signal);
      } catch (error) {
        if (query.continue === undefined || apiAnswer(error).code !== 410) throw error;
        // The snapshot expired between two pages; a slow reader might never get to its end: all at once, like
        // client-go's pager.
        items.length = 0;
        query = {};
        continue;
      }
      signal.throwIfAborted();
      // Page by page, so that only what is kept of the objects adds up. (Not `push(...)`: a long list overflows the
      // stack.)
      for (const object of page.items ?? []) this.#read(object, (read) => items.push(read));
      if (page.metadata.continue) {
        query = { limit: pageSize, continue: page.metadata.continue };
        continue;
      }
      const resourceVersion = page.metadata.resourceVersion;
      if (!resourceVersion) throw new Error(`the list of ${this.#options.name} came without a resourceVersion`);
      this.#tell(() => this.#options.handler.onList(items, resourceVersion));
      return resourceVersion;
    }
  }

  async #watch(from: string, signal: AbortSignal): Promise<WatchEnd> {
    const course: Course = { heard: false, news: false };
    const started = this.#clock.monotonic();
    const end = await this.#stream(from, course, signal);
    const ms = this.#clock.monotonic() - started;
    const lasted = ms >= shortWatchMs;
    // What failed has recovered. An error after ten seconds without a sign of life is no recovery, it is a connection
    // that was not answered; one after half a minute may be a proxy that cuts what is idle, before the first bookmark
    // has come.
    if (lasted && (course.heard || end.kind !== 'error' || ms >= answeredMs)) {
      this.#failures = 0;
      this.#goneBefore = false;
    } else if (course.news && end.kind !== 'gone') this.#failures = 0;
    if (end.kind !== 'closed' || lasted || course.news) return end;
    return { kind: 'error', error: new Error('the watch was closed at once') };
  }

  /** One connection, from opening it to its end. */
  async #stream(from: string, course: Course, signal: AbortSignal): Promise<WatchEnd> {
    const { source, idleMs = silenceMs } = this.#options;
    const timeoutSeconds = Math.round(300 + 300 * this.#random());
    const connection = new AbortController();
    const stop = (): void => connection.abort(signal.reason);
    signal.addEventListener('abort', stop);
    let silent = false;
    const watchdog = () =>
      this.#clock.setTimer(idleMs, () => {
        silent = true;
        connection.abort(new Error('silent'));
      });
    let timer = watchdog();
    try {
      const query = { resourceVersion: from, allowWatchBookmarks: true, timeoutSeconds } as const;
      const events = source.watch(query, connection.signal)[Symbol.asyncIterator]();
      let end: WatchEnd | undefined;
      while (end === undefined && !signal.aborted) {
        end = await this.#next(events, { course, signal }, () => {
          timer.cancel();
          timer = watchdog();
        });
      }
      await events.return?.();
      return end ?? { kind: 'closed' };
    } catch (error) {
      if (!silent) return this.#failedWatch(error);
      this.#logger.info({ resource: this.#options.name }, 'the watch was silent for too long, opening it anew');
      return { kind: 'silent' };
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      connection.abort();
    }
  }

  /**
   * One event; a call of its own, so that nothing of it is kept in memory while the watch waits for the next.
   * @param alive called when it is no error
   */
  async #next(
    events: AsyncIterator<WatchEvent>,
    { course, signal }: { course: Course; signal: AbortSignal },
    alive: () => void,
  ): Promise<WatchEnd | undefined> {
    const { done, value: event } = (await events.next()) as IteratorResult<WatchEvent, undefined>;
    if (done === true || signal.aborted) return { kind: 'closed' };
    course.heard = true;
    if (event.type === 'ERROR') return this.#inBandError(event.object);
    this.#works();
    if (this.#take(event)) course.news = true;
    alive();
    return undefined;
  }

  #works(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#logger.info({ resource: this.#options.name }, 'list and watch work again');
  }

  /**
   * @returns whether it was a change, and ahead of all that came before: a server that repeats itself does not set us
   * back
   */
  #take(event: WatchEvent): boolean {
    const resourceVersion = resourceVersionOf(event.object);
    if (event.type === 'ERROR' || resourceVersion === undefined) return false;
    const before = this.#resourceVersion ?? '0';
    this.#resourceVersion = latestResourceVersion(before, resourceVersion);
    const { type, object } = event;
    const { handler } = this.#options;
    if (type === 'BOOKMARK') {
      this.#tell(() => handler.onBookmark?.(resourceVersion));
      return false;
    }
    this.#read(object, (read) => handler.onEvent(type, read, resourceVersion));
    return compareResourceVersions(resourceVersion, before) > 0;
  }

  /** The stream broke on the server's side. A list is always right after that. */
  #inBandError(status: unknown): WatchEnd {
    const { code } = apiAnswer(status);
    if (code === 410) return { kind: 'gone' };
    this.#resourceVersion = undefined;
    const { message } = (status ?? {}) as { message?: unknown };
    const words = typeof message === 'string' ? message : 'the watch ended with an error';
    return { kind: 'error', error: Object.assign(new Error(words), { code }) };
  }

  #failedWatch(error: unknown): WatchEnd {
    const { code } = apiAnswer(error);
    if (code === 410) return { kind: 'gone' };
    // What this resourceVersion does not get, another may: 504 says that it is ahead of the server.
    if (code === 400 || code === 422 || code === 504) this.#resourceVersion = undefined;
    return { kind: 'error', error };
  }

  /** Hands on what is kept of an object. When that fails, only this object is lost: it must not stop the stream. */
  #read(object: unknown, take: (read: T) => void): void {
    const { transform = (raw: unknown) => raw as T } = this.#options;
    this.#tell(() => take(transform(object)));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ resource: this.#options.name, err: errorMessage(error) }, 'a handler of the watch failed');
    }
  }
}

function resourceVersionOf(object: unknown): string | undefined {
  const { metadata } = (object ?? {}) as { metadata?: { resourceVersion?: unknown } };
  return typeof metadata?.resourceVersion === 'string' ? metadata.resourceVersion : undefined;
}
