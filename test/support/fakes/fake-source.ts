import type { ListPage, ListQuery, ListWatchSource, WatchQuery } from '../../../src/runtime/list-watch.ts';
import type { WatchEvent } from '../../../src/runtime/watch-event.ts';

/** An error as the API server gives it, without the client's class. */
export function statusError(code: number, retryAfterMs?: number): Error {
  return Object.assign(new Error(`HTTP ${code}`), { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** One open watch, in the test's hands. */
export class FakeWatch {
  readonly query: WatchQuery;
  readonly signal: AbortSignal;
  readonly #queue: (WatchEvent | Error | 'end')[] = [];
  #wake: () => void = () => undefined;

  constructor(query: WatchQuery, signal: AbortSignal) {
    this.query = query;
    this.signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  send(type: WatchEvent['type'], object: unknown): void {
    this.#push({ type, object });
  }

  bookmark(resourceVersion: string): void {
    this.send('BOOKMARK', { metadata: { resourceVersion } });
  }

  close(): void {
    this.#push('end');
  }

  fail(error: Error): void {
    this.#push(error);
  }

  async *events(): AsyncGenerator<WatchEvent> {
    for (;;) {
      if (this.signal.aborted) throw this.signal.reason;
      const next = this.#queue.shift();
      if (next === 'end') return;
      if (next instanceof Error) throw next;
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #push(item: WatchEvent | Error | 'end'): void {
    this.#queue.push(item);
    this.#wake();
  }
}

/** A source whose lists are answered by a queue (the last answer stays) and whose watches the test drives. */
export class FakeSource implements ListWatchSource {
  readonly lists: ListQuery[] = [];
  readonly watches: FakeWatch[] = [];
  /** What the next watch call throws, once each. */
  readonly refuseWatch: Error[] = [];
  readonly #answers: (ListPage | Error | 'hang')[];

  constructor(...answers: (ListPage | Error | 'hang')[]) {
    this.#answers = answers;
  }

  answerLists(...answers: (ListPage | Error | 'hang')[]): void {
    this.#answers.splice(0, this.#answers.length, ...answers);
  }

  async list(query: ListQuery, signal: AbortSignal): Promise<ListPage> {
    this.lists.push(query);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer instanceof Error) throw answer;
    if (answer !== undefined && answer !== 'hang') return answer;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }

  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const refusal = this.refuseWatch.shift();
    const watch = new FakeWatch(query, signal);
    this.watches.push(watch);
    if (refusal) watch.fail(refusal);
    return watch.events();
  }

  /** The newest watch. */
  get open(): FakeWatch {
    const last = this.watches.at(-1);
    if (!last) throw new Error('no watch has been opened');
    return last;
  }
}
