import type { Logger } from './logger.ts';
import { silentLogger } from './logger.ts';
import { errorMessage } from './error-message.ts';
import { compareResourceVersions, latestResourceVersion } from './resource-version.ts';

/** What the store must know of an object. */
export interface Stored {
  metadata: { name: string; namespace?: string; uid: string; resourceVersion: string };
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** `old` is what the store held before; of a deletion `object` is the last state known. */
export type ChangeHandler<T> = (type: ChangeType, key: string, object: T, old?: T) => void;

export interface StoreOptions {
  logger?: Logger;
}

/** `namespace/name`, or `name` for a cluster-scoped object (client-go's MetaNamespaceKeyFunc). */
export function keyOf(object: Stored): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** Of a key; empty for a cluster-scoped object. */
export function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

/**
 * The objects of one resource as last seen: client-go's `cache.Store` plus read-your-writes. Lists, watch events and
 * the answers of our own writes all go in, in any order, and the newest resourceVersion wins, so that a reader never
 * goes back in time. Objects handed out are the stored ones: read them, do not change them.
 *
 * `#seen` is the resourceVersion up to which the watch has told us everything. So an object that is not here, in a
 * version up to `#seen`, has been deleted, and a late answer must not raise it from the dead. Only what our own writes
 * have let go has to be remembered, and only until the watch, or a list, says so too.
 *
 * A cluster restored from an old etcd backup counts backwards; like every controller, ours must then be restarted.
 */
export class Store<T extends Stored> {
  readonly #objects = new Map<string, T>();
  /**
   * What our own writes have let go. By uid, which never comes back: the answer may have the version from before the
   * deletion.
   */
  readonly #deleted = new Map<string, { uid: string; version: string }>();
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #logger: Logger;
  #seen = '0';
  #isListing = false;

  constructor(options: StoreOptions = {}) {
    this.#logger = options.logger ?? silentLogger;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Everything up to this resourceVersion has been seen; `0` before the first list. */
  get resourceVersion(): string {
    return this.#seen;
  }

  /**
   * Whether the change that is just being told comes from a list, not from the watch or a write (client-go's
   * isInInitialList).
   */
  get isListing(): boolean {
    return this.#isListing;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /**
   * Takes an object from the watch or from the answer of a write, if it is newer than all we know of its key.
   * @returns whether it was taken
   */
  upsert(object: T): boolean {
    return this.#accept(object, this.#seen);
  }

  /**
   * Takes a deletion from the watch; `object` carries the resourceVersion of the deletion, as in a DELETED event.
   * @returns whether the object was here in that or an older version
   */
  remove(object: T): boolean {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const old = this.#objects.get(key);
    // Created anew since, and we know it already from the answer of our own create.
    if (old && compareResourceVersions(old.metadata.resourceVersion, version) > 0) return false;
    if (this.#deleted.get(key)?.uid === object.metadata.uid) this.#deleted.delete(key);
    return this.#drop(key, object);
  }

  /**
   * Takes the answer of our own write that let the object go: a delete, or the removal of its last finalizer, whose
   * answer has the version from before. The watch tells of it later; until then no list or event brings the object
   * back.
   * @returns whether the object was here
   */
  forget(object: T): boolean {
    const key = keyOf(object);
    const { uid, resourceVersion: version } = object.metadata;
    const old = this.#objects.get(key);
    // Created anew since; or the watch was faster.
    if (old ? old.metadata.uid !== uid : compareResourceVersions(version, this.#seen) <= 0) return false;
    this.#deleted.set(key, { uid, version: latestResourceVersion(version, old?.metadata.resourceVersion ?? '0') });
    return this.#drop(key, object);
  }

  /**
   * The watch has told us everything up to here: an event that was handed on, or a bookmark. It never goes back.
   */
  advance(resourceVersion: string): void {
    this.#seen = latestResourceVersion(this.#seen, resourceVersion);
  }

  /**
   * Takes a whole list. Objects that are not in it go, unless they are newer than the list (the answer of our own
   * create); objects in it that are older than what we know are passed over.
   */
  replace(objects: readonly T[], listResourceVersion: string): void {
    this.#isListing = true;
    try {
      this.#replace(objects, listResourceVersion);
    } finally {
      this.#isListing = false;
    }
  }

  /** Calls `handler` after each change, until the function returned is called. What it throws is logged, no more. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  #replace(objects: readonly T[], listResourceVersion: string): void {
    const listed = new Map<string, string>();
    // A list that is not behind the watch is the truth also about objects that we have never heard of (another
    // selector).
    const floor = compareResourceVersions(listResourceVersion, this.#seen) >= 0 ? '0' : this.#seen;
    for (const object of objects) {
      listed.set(keyOf(object), object.metadata.uid);
      this.#accept(object, floor);
    }
    for (const [key, object] of this.#objects) {
      if (listed.has(key)) continue;
      if (compareResourceVersions(object.metadata.resourceVersion, listResourceVersion) > 0) continue;
      this.#drop(key, object);
    }
    for (const [key, { uid, version }] of this.#deleted) {
      if (listed.get(key) !== uid && compareResourceVersions(version, listResourceVersion) <= 0)
        this.#deleted.delete(key);
    }
    this.advance(listResourceVersion);
  }

  /** @param floor an object that is not here counts as deleted up to this resourceVersion */
  #accept(object: T, floor: string): boolean {
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const old = this.#objects.get(key);
    const deleted = this.#deleted.get(key);
    if (deleted?.uid === object.metadata.uid) return false;
    const known = old?.metadata.resourceVersion ?? latestResourceVersion(floor, deleted?.version ?? '0');
    if (compareResourceVersions(version, known) <= 0) return false;
    this.#deleted.delete(key);
    this.#put(key, object, old);
    return true;
  }

  #put(key: string, object: T, old: T | undefined): void {
    // Another uid is another object: whoever follows the old one must hear that it is gone.
    if (old && old.metadata.uid !== object.metadata.uid) {
      this.#drop(key, old);
      old = undefined;
    }
    this.#objects.set(key, object);
    this.#tell(old ? 'MODIFIED' : 'ADDED', key, object, old);
  }

  #drop(key: string, last: T): boolean {
    const old = this.#objects.get(key);
    if (!old) return false;
    this.#objects.delete(key);
    this.#tell('DELETED', key, last, old);
    return true;
  }

  #tell(type: ChangeType, key: string, object: T, old: T | undefined): void {
    for (const handler of this.#handlers) {
      try {
        handler(type, key, object, old);
      } catch (error) {
        this.#logger.error({ key, type, err: errorMessage(error) }, 'a subscriber of the store failed');
      }
    }
  }
}
