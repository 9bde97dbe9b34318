import type { RestClient } from '../../src/kube/rest-client.ts';
import { resourceSource } from '../../src/kube/resource-source.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { Informer } from '../../src/runtime/informer.ts';
import type { Stored } from '../../src/runtime/store.ts';

type Selector = { labelSelector?: string };

type Look<T> = (object: T) => void;

/** One resource path, followed by a watch: what is there, and a promise of what is to come. */
export class Followed<T extends Stored> {
  readonly #informer: Informer<T>;
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;
  readonly #looks = new Map<string, Set<Look<T>>>();
  readonly #everything = new Set<Look<T>>();

  private constructor(client: RestClient, path: string, selector: Selector) {
    this.#informer = new Informer<T>({
      name: path,
      source: resourceSource(client, path, selector),
      logger: silentLogger,
    });
    this.#informer.store.onChange((type, _key, object) => {
      if (type === 'DELETED') return;
      for (const look of this.#everything) look(object);
      for (const look of this.#looks.get(object.metadata.name) ?? []) look(object);
    });
    this.#ended = this.#informer.run(this.#abort.signal);
  }

  /** Resolves when what is there has been listed. */
  static async start<T extends Stored>(
    client: RestClient,
    path: string,
    selector: Selector = {},
  ): Promise<Followed<T>> {
    const followed = new Followed<T>(client, path, selector);
    await followed.#informer.synced;
    return followed;
  }

  /** Calls `look` with every object that appears or changes from now on. */
  onChange(look: Look<T>): void {
    this.#everything.add(look);
  }

  list(): T[] {
    return this.#informer.store.list();
  }

  /**
   * The first state of an object that is as wanted, and when it was seen (ms of the monotonic clock).
   * @throws Error after `timeoutMs`
   */
  until(name: string, wanted: (object: T) => boolean, timeoutMs = 60_000): Promise<{ object: T; at: number }> {
    const promise = new Promise<{ object: T; at: number }>((resolve, reject) => {
      const looks = this.#looks.get(name) ?? new Set();
      this.#looks.set(name, looks);
      const leave = (): void => {
        clearTimeout(timer);
        looks.delete(look);
        if (looks.size === 0) this.#looks.delete(name);
      };
      const look: Look<T> = (object) => {
        if (object.metadata.name !== name || !wanted(object)) return;
        leave();
        resolve({ object, at: performance.now() });
      };
      const timer = setTimeout(() => {
        leave();
        const last = this.list().find(({ metadata }) => metadata.name === name);
        const state = JSON.stringify((last as { status?: unknown } | undefined)?.status ?? last)?.slice(0, 300);
        reject(new Error(`${name} was not as wanted within ${timeoutMs} ms; last seen: ${state}`));
      }, timeoutMs);
      looks.add(look);
      for (const object of this.list()) if (object.metadata.name === name) look(object);
    });
    // Asked for before something is done about it; when that fails, nobody waits for this any more.
    promise.catch(() => undefined);
    return promise;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }
}
