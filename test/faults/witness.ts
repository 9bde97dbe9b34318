import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { ApiError, ConnectionError } from '../../src/kube/api-error.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import type { Stage } from '../support/cluster/stage.ts';
import type { Seen } from './promises.ts';

interface Named {
  metadata: { uid: string; resourceVersion?: string };
}

interface List<T> {
  metadata: { resourceVersion: string };
  items: T[];
}

/** The sessions, or the pods. */
class Followed<T extends Named> {
  readonly path: string;
  readonly seen: Seen<T>[] = [];
  /** Where the watch goes on. */
  resourceVersion = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Takes what is there now, as far as it is new. */
  take({ items, metadata }: List<T>): void {
    for (const object of items) {
      const version = versionOf(object);
      const isKnown = this.seen.some(
        (one) => one.object.metadata.uid === object.metadata.uid && one.version >= version,
      );
      if (!isKnown) this.seen.push({ version, at: Date.now(), isGone: false, object });
    }
    this.resourceVersion = metadata.resourceVersion;
  }
}

/** Sees every version of the sessions and the pods of a namespace, straight from the API server. */
export class Witness {
  readonly #stage: Stage;
  readonly #sessions: Followed<DebugSession>;
  readonly #pods: Followed<RawPod>;
  readonly #over = new AbortController();
  readonly #watches: Promise<void>[] = [];
  #fault: unknown;

  private constructor(stage: Stage) {
    this.#stage = stage;
    this.#sessions = new Followed(sessionsPath(stage.namespace));
    this.#pods = new Followed(podsPath(stage.namespace));
  }

  static async start(stage: Stage): Promise<Witness> {
    const witness = new Witness(stage);
    await witness.lookAgain();
    witness.#watches.push(witness.#watch(witness.#sessions), witness.#watch(witness.#pods));
    return witness;
  }

  get sessions(): readonly Seen<DebugSession>[] {
    return this.#sessions.seen;
  }

  get pods(): readonly Seen<RawPod>[] {
    return this.#pods.seen;
  }

  /**
   * After a restart of the API server, which forgets what it had to tell: call it before anything else is written, and
   * no version is missed.
   */
  async lookAgain(): Promise<void> {
    await Promise.all([this.#list(this.#sessions), this.#list(this.#pods)]);
  }

  /**
   * Once it has seen all that there was when this was called; it sees nothing after that.
   * @throws Error when a watch of its own broke
   */
  async end(): Promise<void> {
    for (const { path, seen } of [this.#sessions, this.#pods]) {
      const { items } = await this.#stage.client.list<List<Named>>(path);
      await this.#stage.until('the witness has seen all', () =>
        this.#fault === undefined ? Promise.resolve(isIn(items, seen)) : Promise.reject(this.#broken()),
      );
    }
    await this.close();
    if (this.#fault !== undefined) throw this.#broken();
  }

  /** It sees nothing from here on. */
  async close(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#watches);
  }

  async #list<T extends Named>(followed: Followed<T>): Promise<void> {
    followed.take(await this.#stage.client.list<List<T>>(followed.path));
  }

  /** Goes on from what it saw last where the API server was away, and never lists by itself: it would miss versions. */
  async #watch<T extends Named>(followed: Followed<T>): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        await this.#watchOnce(followed);
      } catch (error) {
        if (this.#over.signal.aborted) return;
        if (!isPassing(error)) return void (this.#fault = error);
      }
      await delay(100);
    }
  }

  async #watchOnce<T extends Named>(followed: Followed<T>): Promise<void> {
    const query = { timeoutSeconds: 3_600, resourceVersion: followed.resourceVersion };
    for await (const { type, object } of this.#stage.client.watch<T>(followed.path, query, this.#over.signal)) {
      if (type === 'ERROR') throw ApiError.fromStatus(object);
      followed.seen.push({ version: versionOf(object), at: Date.now(), isGone: type === 'DELETED', object });
      followed.resourceVersion = object.metadata.resourceVersion ?? followed.resourceVersion;
    }
  }

  #broken(): Error {
    return new Error('a watch of the witness broke', { cause: this.#fault });
  }
}

/**
 * The API server was away, or has come back: for a moment it knows no custom resource and no right, and what it had to
 * tell it has forgotten (see `lookAgain`).
 */
function isPassing(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof ApiError;
}

function isIn(items: readonly Named[], seen: readonly Seen<Named>[]): boolean {
  const uids = new Set(items.map(({ metadata }) => metadata.uid));
  const hasLast = items.every((item) =>
    seen.some(({ object, version }) => object.metadata.uid === item.metadata.uid && version >= versionOf(item)),
  );
  const went = new Set(seen.filter(({ isGone }) => isGone).map(({ object }) => object.metadata.uid));
  return hasLast && seen.every(({ object }) => uids.has(object.metadata.uid) || went.has(object.metadata.uid));
}

function versionOf({ metadata }: Named): bigint {
  return BigInt(metadata.resourceVersion ?? 0);
}
