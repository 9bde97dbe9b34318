import type { DebugSession } from '../api/debugsession.ts';
import type { ChangeType, Store } from '../runtime/store.ts';

/**
 * The sessions as the watch and our own writes show them. Own writes are told apart, so that they do not queue their
 * session again.
 */
export class SessionCache {
  /** By namespace; under '' the one for all namespaces. */
  readonly #stores = new Map<string, Store<DebugSession>>();
  #writing = false;
  #follow: (key: string, session: DebugSession | undefined) => void = () => undefined;

  /**
   * Adds the sessions of a namespace, or of all.
   * @param onForeignChange called with every change that was not the answer of a write of ours, and whether a list
   * showed it
   */
  attach(
    namespace: string | undefined,
    store: Store<DebugSession>,
    onForeignChange: (type: ChangeType, session: DebugSession, isListed: boolean) => void,
  ): void {
    this.#stores.set(namespace ?? '', store);
    store.onChange((type, key, session) => {
      this.#follow(key, type === 'DELETED' ? undefined : session);
      if (!this.#writing) onForeignChange(type, session, store.isListing);
    });
  }

  /** Has every session shown that there is, changes, or goes (undefined), by whatever way we know. */
  followBy(follow: (key: string, session: DebugSession | undefined) => void): void {
    this.#follow = follow;
  }

  /** @param key `namespace/name` */
  get(key: string): DebugSession | undefined {
    return this.#storeOf(key.slice(0, key.indexOf('/')))?.get(key);
  }

  /** Takes the answer of our own write: the next pass starts from it. */
  remember(session: DebugSession): void {
    this.#silently(() => this.#storeOf(session.metadata.namespace)?.upsert(session));
  }

  /** Takes the answer of a write that let the session go. */
  forget(session: DebugSession): void {
    this.#silently(() => this.#storeOf(session.metadata.namespace)?.forget(session));
  }

  list(): DebugSession[] {
    return [...this.#stores.values()].flatMap((store) => store.list());
  }

  #storeOf(namespace: string): Store<DebugSession> | undefined {
    return this.#stores.get(namespace) ?? this.#stores.get('');
  }

  #silently(change: () => void): void {
    this.#writing = true;
    try {
      change();
    } finally {
      this.#writing = false;
    }
  }
}
