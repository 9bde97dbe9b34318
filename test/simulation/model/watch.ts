import { ConnectionError } from '../../../src/kube/api-error.ts';
import type { WatchQuery } from '../../../src/runtime/list-watch.ts';
import type { WatchEvent } from '../../../src/runtime/watch-event.ts';
import type { ApiServer, Change, Resource } from './api-server.ts';

/** Who sends; what a dead process has sent may still arrive, but nobody hears the answer. */
export interface Sender {
  readonly name: string;
  readonly dead: boolean;
}

export interface Scope {
  resource: Resource;
  name?: string;
}

/** One open watch. Events come in order, as late as the simulation likes. */
export class ModelWatch {
  readonly sender: Sender;
  readonly signal: AbortSignal;
  readonly #scope: Scope;
  readonly #server: ApiServer;
  readonly #ready: (WatchEvent | Error | 'end')[] = [];
  #cursor: number;
  #wake: () => void = () => undefined;

  constructor(
    sender: Sender,
    scope: Scope,
    { server, query, signal }: { server: ApiServer; query: WatchQuery; signal: AbortSignal },
  ) {
    this.sender = sender;
    this.signal = signal;
    this.#scope = scope;
    this.#server = server;
    const from = Number(query.resourceVersion);
    this.#cursor = server.history.findIndex((change) => change.version > from);
    if (this.#cursor < 0) this.#cursor = server.history.length;
    signal.addEventListener('abort', () => this.#wake());
  }

  get behind(): boolean {
    return this.#seek() < this.#server.history.length;
  }

  /** Hands on the next event. */
  deliver(): void {
    const change = this.#server.history[this.#seek()];
    if (change === undefined) return;
    this.#cursor += 1;
    this.#push({ type: change.type, object: change.object });
  }

  /** Nothing happened up to now: only where nothing did. */
  bookmark(): void {
    if (this.behind) return;
    this.#push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#server.version) } } });
  }

  end(how: 'closed' | 'gone' | 'reset'): void {
    if (how === 'gone') this.#push({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } });
    else this.#push(how === 'closed' ? 'end' : new ConnectionError('ECONNRESET', 'the watch broke'));
  }

  async *events(): AsyncGenerator<WatchEvent> {
    for (;;) {
      if (this.signal.aborted) throw this.signal.reason;
      const next = this.#ready.shift();
      if (next === 'end') return;
      if (next instanceof Error) throw next;
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #seek(): number {
    const { history } = this.#server;
    while (this.#cursor < history.length && !this.#concerns(history[this.#cursor])) this.#cursor += 1;
    return this.#cursor;
  }

  #concerns(change: Change | undefined): boolean {
    const { resource, name } = this.#scope;
    return change?.resource === resource && (name === undefined || change.object.metadata.name === name);
  }

  #push(item: WatchEvent | Error | 'end'): void {
    this.#ready.push(item);
    this.#wake();
  }
}
