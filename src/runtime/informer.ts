import type { ListWatchOptions } from './list-watch.ts';
import { ListWatch } from './list-watch.ts';
import type { Stored } from './store.ts';
import { Store } from './store.ts';

export type InformerOptions<T extends Stored> = Omit<ListWatchOptions<T>, 'handler'>;

/**
 * A store that follows one resource of the API server: client-go's SharedIndexInformer. Subscribe with
 * `store.onChange`; put the answers of writes, trimmed as `transform` does, in with `store.upsert` and `store.forget`.
 */
export class Informer<T extends Stored> {
  readonly store: Store<T>;
  /** Resolves when the first list is in the store; pending for ever when that never happens. */
  readonly synced: Promise<void>;
  readonly #listWatch: ListWatch<T>;
  #hasSynced = false;

  constructor(options: InformerOptions<T>) {
    const store = new Store<T>(options.logger ? { logger: options.logger } : {});
    this.store = store;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#listWatch = new ListWatch<T>({
      ...options,
      handler: {
        onList: (items, resourceVersion) => {
          store.replace(items, resourceVersion);
          this.#hasSynced = true;
          resolve();
        },
        onEvent: (type, object, resourceVersion) => {
          if (type === 'DELETED') store.remove(object);
          else store.upsert(object);
          store.advance(resourceVersion);
        },
        onBookmark: (resourceVersion) => store.advance(resourceVersion),
      },
    });
  }

  /** Whether the first list is in the store. */
  hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** What went wrong with the last list or watch, until it works again. */
  get failure(): string | undefined {
    return this.#listWatch.failure;
  }

  /** Lists and watches until `signal` aborts. It never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#listWatch.run(signal);
  }
}
