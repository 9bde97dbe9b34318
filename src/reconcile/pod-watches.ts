import type { Pod } from '../api/pod.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { Informer } from '../runtime/informer.ts';
import type { ListWatchSource } from '../runtime/list-watch.ts';
import type { Logger } from '../runtime/logger.ts';
import { keyOf } from '../runtime/store.ts';
import type { Sighting } from '../session/look/sighting.ts';
import { type RawPod, trimPod } from './trim.ts';

/** Which pods one watch is about: one pod, one namespace, or (where the operator may) all. */
export interface PodScope {
  namespace?: string;
  name?: string;
}

export interface PodWatchesOptions {
  source: (scope: PodScope) => ListWatchSource;
  /** Called with the key of every session that looks at a pod that has changed. */
  onChange: (sessionKey: string) => void;
  logger: Logger;
  /** Whether one watch for all namespaces is allowed; without it the widest scope is a namespace. */
  clusterWide: boolean;
  limits?: { podsPerNamespace: number; watches: number };
  /** Default: the system's. */
  clock?: Clock;
  random?: () => number;
}

interface Watch {
  scope: PodScope;
  informer: Informer<Pod>;
  abort: AbortController;
  ended: Promise<void>;
  /** Sessions that look through this watch. */
  users: Set<string>;
  /** Looks that wait for the first list. */
  waiting: Set<() => void>;
  /** Sessions that have given up waiting for it: told when it comes. */
  blind: Set<string>;
}

/**
 * Up to so many pods of a namespace have a watch each; further ones share the namespace's. And so many watches in all,
 * then one for all. A watch more takes 0.1 MB and 4 ms of CPU once; the watch of a namespace keeps every pod of it, 7
 * MB for 1,000, and reads each of their changes (docs/performance.md).
 */
const LIMITS = { podsPerNamespace: 32, watches: 64 };

/**
 * A look that waits longer for the first list sees nothing: a watch that is refused must not keep a worker, or hold up
 * a deletion. Ms.
 */
const PATIENCE_MS = 5_000;

/**
 * Watches on the pods that live sessions are about, and on no others: nothing is watched where there is no session, so
 * memory and traffic follow the sessions and not the cluster.
 */
export class PodWatches {
  readonly #options: PodWatchesOptions;
  readonly #watches = new Map<string, Watch>();
  /** What each session looks at: scope of the watch, and pod. */
  readonly #looks = new Map<string, { scope: string; pod: string }>();
  readonly #sessionsOf = new Map<string, Set<string>>();
  /** The last state of a pod that went while somebody looked: it may say how a container ended. */
  readonly #deletedPods = new Map<string, Pod>();
  /** By session: the pod that was read for it before it looked through a watch. */
  readonly #read = new Map<string, Pod>();

  constructor(options: PodWatchesOptions) {
    this.#options = options;
  }

  /** How many watches are open. */
  get size(): number {
    return this.#watches.size;
  }

  /** Opens the watch that a look at this pod will need, so that its first list is under way. */
  expect(sessionKey: string, pod: { namespace: string; name: string }): void {
    this.#retain(sessionKey, pod, `${pod.namespace}/${pod.name}`);
  }

  /**
   * What is known of a pod, after its watch has listed it. The session is told of every change until it looks elsewhere
   * or is released.
   */
  async look(sessionKey: string, pod: { namespace: string; name: string }, signal: AbortSignal): Promise<Sighting> {
    const podKey = `${pod.namespace}/${pod.name}`;
    const watch = this.#retain(sessionKey, pod, podKey);
    const known = watch.blind.has(sessionKey) ? watch.informer.hasSynced() : await this.#listed(watch, signal);
    if (!known) {
      watch.blind.add(sessionKey);
      return {
        kind: 'unseen',
        message: `Pod ${podKey} could not be read within ${PATIENCE_MS / 1000} s; see the operator's log`,
      };
    }
    const present = watch.informer.store.get(podKey);
    const last = this.#deletedPods.get(podKey);
    const memory = last === undefined ? {} : { last };
    return present === undefined ? { kind: 'gone', ...memory } : { kind: 'present', pod: present, ...memory };
  }

  /** The session looks at nothing any more; a watch that nobody uses is closed. */
  release(sessionKey: string): void {
    this.#read.delete(sessionKey);
    const look = this.#looks.get(sessionKey);
    if (look === undefined) return;
    this.#looks.delete(sessionKey);
    const sessions = this.#sessionsOf.get(look.pod);
    sessions?.delete(sessionKey);
    if (sessions?.size === 0) {
      this.#sessionsOf.delete(look.pod);
      this.#deletedPods.delete(look.pod);
    }
    const watch = this.#watches.get(look.scope);
    watch?.users.delete(sessionKey);
    watch?.blind.delete(sessionKey);
    if (watch?.users.size !== 0) return;
    this.#watches.delete(look.scope);
    watch.abort.abort();
  }

  /**
   * Takes the answer of a write of ours: what we read next is not older, through whichever watch. One that is behind,
   * or has not listed yet, does not know the pod, or knows an older one; one that has seen the pod go is ahead, and its
   * store keeps it so.
   */
  remember(pod: Pod): void {
    for (const { scope, informer } of this.#watches.values()) if (covers(scope, pod)) informer.store.upsert(pod);
  }

  /**
   * Takes a pod that was read for a session which will look at it next: the watch that it then looks through may be
   * behind what we know.
   */
  rememberFor(sessionKey: string, pod: Pod): void {
    this.#read.set(sessionKey, pod);
  }

  /** Closes every watch. */
  async stop(): Promise<void> {
    const all = [...this.#watches.values()];
    for (const watch of all) watch.abort.abort();
    await Promise.all(all.map((watch) => watch.ended));
  }

  #retain(sessionKey: string, pod: { namespace: string; name: string }, podKey: string): Watch {
    const known = this.#looks.get(sessionKey);
    const current = known?.pod === podKey ? this.#watches.get(known.scope) : undefined;
    if (current !== undefined) return current;
    const read = this.#read.get(sessionKey);
    this.release(sessionKey);
    const scope = this.#scopeFor(pod);
    const scopeKey = `${scope.namespace ?? '*'}/${scope.name ?? '*'}`;
    const watch = this.#watches.get(scopeKey) ?? this.#open(scopeKey, scope);
    watch.users.add(sessionKey);
    this.#looks.set(sessionKey, { scope: scopeKey, pod: podKey });
    const sessions = this.#sessionsOf.get(podKey) ?? new Set();
    this.#sessionsOf.set(podKey, sessions.add(sessionKey));
    if (read !== undefined) this.remember(read);
    return watch;
  }

  /** The widest watch that is open already and covers the pod, else the narrowest that the limits allow. */
  #scopeFor({ namespace, name }: { namespace: string; name: string }): PodScope {
    if (this.#watches.has('*/*')) return {};
    if (this.#watches.has(`${namespace}/*`)) return { namespace };
    if (this.#watches.has(`${namespace}/${name}`)) return { namespace, name };
    const limits = this.#options.limits ?? LIMITS;
    if (this.#watches.size >= limits.watches && this.#options.clusterWide) return {};
    const inNamespace = [...this.#watches.keys()].filter((key) => key.startsWith(`${namespace}/`)).length;
    return inNamespace >= limits.podsPerNamespace ? { namespace } : { namespace, name };
  }

  #open(scopeKey: string, scope: PodScope): Watch {
    const abort = new AbortController();
    const { source, logger, clock, random } = this.#options;
    const informer: Informer<Pod> = new Informer<Pod>({
      name: `pods ${scopeKey}`,
      source: source(scope),
      transform: (raw) => trimPod(raw as RawPod, informer.store.get(keyOf(raw as RawPod))),
      logger,
      ...(clock && { clock }),
      ...(random && { random }),
    });
    informer.store.onChange((type, podKey, pod) => {
      const sessions = this.#sessionsOf.get(podKey);
      if (sessions === undefined) return;
      if (type === 'DELETED') this.#deletedPods.set(podKey, pod);
      // Who looks through a new watch waits for its first list, and need not be woken by it as well.
      if (!informer.hasSynced()) return;
      for (const session of sessions) this.#options.onChange(session);
    });
    const watch: Watch = {
      scope,
      informer,
      abort,
      ended: informer.run(abort.signal),
      users: new Set(),
      waiting: new Set(),
      blind: new Set(),
    };
    this.#watches.set(scopeKey, watch);
    void informer.synced.then(() => {
      for (const resume of watch.waiting) resume();
      for (const session of watch.blind) this.#options.onChange(session);
      watch.blind.clear();
    });
    return watch;
  }

  /** Whether the first list is there, after waiting a while for it. Throws when `signal` aborts. */
  async #listed({ informer, waiting }: Watch, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (informer.hasSynced()) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const resume = (): void => resolve();
    const timer = (this.#options.clock ?? systemClock).setTimer(PATIENCE_MS, resume);
    waiting.add(resume);
    signal.addEventListener('abort', resume, { once: true });
    await promise;
    timer.cancel();
    waiting.delete(resume);
    signal.removeEventListener('abort', resume);
    signal.throwIfAborted();
    return informer.hasSynced();
  }
}

function covers({ namespace, name }: PodScope, { metadata }: Pod): boolean {
  return (namespace ?? metadata.namespace) === metadata.namespace && (name ?? metadata.name) === metadata.name;
}
