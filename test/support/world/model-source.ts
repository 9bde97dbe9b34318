import type { ListPage, ListQuery, ListWatchSource, WatchQuery } from '../../../src/runtime/list-watch.ts';
import { sleep, type Clock } from '../../../src/runtime/clock.ts';
import type { Stored } from '../../../src/runtime/store.ts';
import type { WatchEvent } from '../../../src/runtime/watch-event.ts';
import { statusError } from '../fakes/fake-source.ts';

/**
 * How a watch that is open goes wrong. `freeze`: it stays open and says nothing more. `replay`: it says the last five
 * events again.
 */
export type Breakdown = 'close' | 'reset' | 'gone' | 'internal' | 'freeze' | 'replay';
/** How a request goes wrong: an HTTP status, no answer, or (a list) a state that is some versions old. */
export type Refusal = number | 'hang' | 'stale';

interface Change {
  version: number;
  event: WatchEvent & { object: Stored };
}

interface OpenWatch {
  queue: (WatchEvent | Error | 'end')[];
  wake: () => void;
  frozen: boolean;
}

/**
 * An API server in memory with its whole history, as a source; its lists take time, and everything about it can go
 * wrong.
 */
export class ModelSource implements ListWatchSource {
  readonly #clock: Clock;
  readonly #history: Change[] = [];
  readonly #watches = new Set<OpenWatch>();
  readonly #refusals: Record<'list' | 'watch', Refusal[]> = { list: [], watch: [] };
  #version = 10;
  #compacted = 0;
  #snapshots = new Map<string, Stored[]>();
  requests = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Creates or changes an object. @returns the answer that whoever wrote it gets */
  put(name: string): Stored {
    const before = this.#stateAt(this.#version).get(name);
    const version = ++this.#version;
    const uid = before?.metadata.uid ?? `${name}-${version}`;
    const object = { metadata: { name, uid, resourceVersion: String(version) } };
    this.#happened(before ? 'MODIFIED' : 'ADDED', object);
    return object;
  }

  /** @returns how it was before, as the answer to a write that takes off the last finalizer has it */
  remove(name: string): Stored | undefined {
    const before = this.#stateAt(this.#version).get(name);
    if (!before) return undefined;
    this.#happened('DELETED', { metadata: { ...before.metadata, resourceVersion: String(++this.#version) } });
    return before;
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(++this.#version) };
    this.#each((watch) => this.#send(watch, { type: 'BOOKMARK', object: { metadata } }));
  }

  compact(): void {
    this.#compacted = this.#version;
    this.#snapshots.clear();
  }

  refuse(kind: 'list' | 'watch', how: Refusal): void {
    this.#refusals[kind].push(how);
  }

  break(how: Breakdown): void {
    this.#each((watch) => {
      if (how === 'replay') for (const { event } of this.#history.slice(-5)) this.#send(watch, event);
      if (how === 'gone') this.#send(watch, { type: 'ERROR', object: { code: 410 } });
      if (how === 'internal') this.#send(watch, { type: 'ERROR', object: { code: 500, message: 'etcd' } });
      if (how === 'close') this.#send(watch, 'end');
      if (how === 'reset') this.#send(watch, new Error('ECONNRESET'));
      if (how === 'freeze') watch.frozen = true;
    });
  }

  /** From now on nothing is refused any more. */
  heal(): void {
    this.#refusals.list.length = 0;
    this.#refusals.watch.length = 0;
  }

  get state(): Record<string, string> {
    return versions(this.#stateAt(this.#version).values());
  }

  /** When the object was deleted last; 0: never. */
  deletedAt(name: string): number {
    const deletion = this.#history.findLast(
      ({ event }) => event.type === 'DELETED' && event.object.metadata.name === name,
    );
    return deletion?.version ?? 0;
  }

  async list(query: ListQuery, signal: AbortSignal): Promise<ListPage> {
    this.requests++;
    const refusal = this.#refusals.list.shift();
    const version = refusal === 'stale' ? Math.max(this.#compacted, this.#version - 4) : this.#version;
    const all = query.continue ? this.#snapshots.get(query.continue) : [...this.#stateAt(version).values()];
    // The state is that of the beginning; much may happen until the answer is there.
    await this.#answered(refusal, signal);
    if (all === undefined) throw statusError(410);
    const of = query.continue?.split('/')[0] ?? String(version);
    const rest = all.slice(query.limit ?? all.length);
    if (rest.length === 0) return { metadata: { resourceVersion: of }, items: all };
    const next = `${of}/${rest.length}`;
    this.#snapshots.set(next, rest);
    return { metadata: { resourceVersion: of, continue: next }, items: all.slice(0, query.limit) };
  }

  async *watch({ resourceVersion }: WatchQuery, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    this.requests++;
    await this.#answered(this.#refusals.watch.shift(), signal);
    const from = Number(resourceVersion);
    if (from < this.#compacted) throw statusError(410);
    const missed = this.#history.filter(({ version }) => version > from).map(({ event }) => event);
    const watch: OpenWatch = { queue: missed, wake: () => undefined, frozen: false };
    const abort = (): void => watch.wake();
    signal.addEventListener('abort', abort);
    this.#watches.add(watch);
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = watch.queue.shift();
        if (next === 'end') return;
        if (next instanceof Error) throw next;
        if (next) yield next;
        else await new Promise<void>((resolve) => (watch.wake = resolve));
      }
    } finally {
      this.#watches.delete(watch);
      signal.removeEventListener('abort', abort);
    }
  }

  async #answered(refusal: Refusal | undefined, signal: AbortSignal): Promise<void> {
    await sleep(this.#clock, refusal === 'hang' ? 10_000 : 5, signal);
    signal.throwIfAborted();
    if (refusal === 'hang') throw Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
    if (typeof refusal === 'number') throw statusError(refusal, refusal === 429 ? 2_000 : undefined);
  }

  #stateAt(at: number): Map<string, Stored> {
    const state = new Map<string, Stored>();
    for (const { version, event } of this.#history) {
      if (version > at) break;
      if (event.type === 'DELETED') state.delete(event.object.metadata.name);
      else state.set(event.object.metadata.name, event.object);
    }
    return state;
  }

  #happened(type: WatchEvent['type'], object: Stored): void {
    const event = { type, object };
    this.#history.push({ version: this.#version, event });
    this.#each((watch) => this.#send(watch, event));
  }

  #each(what: (watch: OpenWatch) => void): void {
    for (const watch of this.#watches) what(watch);
  }

  #send(watch: OpenWatch, item: WatchEvent | Error | 'end'): void {
    if (watch.frozen) return;
    watch.queue.push(item);
    watch.wake();
  }
}

/** Name and version of each. */
export function versions(objects: Iterable<Stored>): Record<string, string> {
  return Object.fromEntries([...objects].map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
}
