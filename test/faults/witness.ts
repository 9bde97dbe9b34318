import type { DebugSession } from '../../src/api/debugsession.ts';
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

/** Sees every version of the sessions and the pods of a namespace, straight from the API server. */
export class Witness {
  readonly sessions: Seen<DebugSession>[] = [];
  readonly pods: Seen<RawPod>[] = [];
  readonly #stage: Stage;
  readonly #over = new AbortController();
  readonly #watches: Promise<void>[] = [];
  #fault: unknown;

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async start(stage: Stage): Promise<Witness> {
    const witness = new Witness(stage);
    await Promise.all([
      witness.#follow(sessionsPath(stage.namespace), witness.sessions),
      witness.#follow(podsPath(stage.namespace), witness.pods),
    ]);
    return witness;
  }

  /**
   * Once it has seen all that there was when this was called; it sees nothing after that.
   * @throws Error when a watch of its own broke
   */
  async end(): Promise<void> {
    const lists = [
      { path: sessionsPath(this.#stage.namespace), seen: this.sessions },
      { path: podsPath(this.#stage.namespace), seen: this.pods },
    ];
    for (const { path, seen } of lists) {
      const { items } = await this.#stage.client.list<List<Named>>(path);
      await this.#stage.until('the witness has seen all', () => Promise.resolve(isIn(items, seen)));
    }
    this.#over.abort();
    await Promise.all(this.#watches);
    if (this.#fault !== undefined) throw new Error('a watch of the witness broke', { cause: this.#fault });
  }

  /** Resolves once nothing that happens from now on is missed. */
  async #follow<T extends Named>(path: string, seen: Seen<T>[]): Promise<void> {
    const { items, metadata } = await this.#stage.client.list<List<T>>(path);
    seen.push(...items.map((object) => ({ version: versionOf(object), at: Date.now(), isGone: false, object })));
    this.#watches.push(this.#watch(path, metadata.resourceVersion, seen));
  }

  async #watch<T extends Named>(path: string, resourceVersion: string, seen: Seen<T>[]): Promise<void> {
    const query = { timeoutSeconds: 3_600, resourceVersion };
    try {
      for await (const { type, object } of this.#stage.client.watch<T>(path, query, this.#over.signal)) {
        seen.push({ version: versionOf(object), at: Date.now(), isGone: type === 'DELETED', object });
      }
      throw new Error(`the watch of ${path} ended`);
    } catch (error) {
      if (!this.#over.signal.aborted) this.#fault = error;
    }
  }
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
