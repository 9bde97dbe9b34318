import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { resourceSource } from '../../src/kube/resource-source.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { Informer } from '../../src/runtime/informer.ts';
import { brokenRules, brokenTransition } from '../support/world/status-rules.ts';
import { patient } from '../support/patience.ts';
import { insist } from './insist.ts';

/**
 * How long a session may rest between two of its states: more than a leader takes to follow another, the API server to
 * start, and a container to end, together.
 */
const STUCK_MS = 300_000;

type Wanted = (session: DebugSession | undefined) => boolean;

/** The sessions of a namespace, followed by a watch of our own. */
export class Sessions {
  /** Rules of a status that some version broke, each a sentence. */
  readonly broken = new Set<string>();
  readonly #client: RestClient;
  readonly #namespace: string;
  readonly #informer: Informer<DebugSession>;
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;
  readonly #last = new Map<string, DebugSession>();
  readonly #looks = new Set<() => void>();

  constructor(client: RestClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    const path = sessionsPath(namespace);
    this.#informer = new Informer<DebugSession>({ name: path, source: resourceSource(client, path) });
    this.#informer.store.onChange((type, _key, session) => {
      this.#judge(session);
      if (type === 'DELETED') this.#last.delete(session.metadata.name);
      else this.#last.set(session.metadata.name, session);
      for (const look of this.#looks) look();
    });
    this.#ended = this.#informer.run(this.#abort.signal);
  }

  get names(): string[] {
    return [...this.#last.keys()];
  }

  /**
   * Waits until a session is as wanted; `undefined`: there is none.
   * @param what ends the sentence "session x ..."
   * @throws Error when it rests too long in another state
   */
  async until(name: string, what: string, wanted: Wanted): Promise<DebugSession | undefined> {
    const { promise, resolve } = Promise.withResolvers<true>();
    const look = (): void => {
      if (wanted(this.#last.get(name))) resolve(true);
    };
    this.#looks.add(look);
    const over = new AbortController();
    try {
      for (;;) {
        const before = this.#versionOf(name);
        look();
        const late = delay(patient(STUCK_MS), false as const, { signal: over.signal });
        if (await Promise.race([promise, late])) return this.#last.get(name);
        if (this.#versionOf(name) === before) break;
      }
    } finally {
      this.#looks.delete(look);
      over.abort();
    }
    const { metadata, status } = this.#last.get(name) ?? {};
    throw new Error(`session ${name} ${what}: not so far; it is ${JSON.stringify({ metadata, status })}`);
  }

  /** Waits until a session is gone, by the word of the API server. */
  async untilGone(name: string): Promise<void> {
    await this.until(name, 'goes', (session) => session === undefined);
    while (await this.#isThere(name)) await delay(1_000);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  async #isThere(name: string): Promise<boolean> {
    try {
      await insist(() => this.#client.get(`${sessionsPath(this.#namespace)}/${name}`));
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return false;
      throw error;
    }
  }

  #versionOf(name: string): string | undefined {
    return this.#last.get(name)?.metadata.resourceVersion;
  }

  #judge(session: DebugSession): void {
    const { name, uid } = session.metadata;
    const before = this.#last.get(name);
    const moved = before?.metadata.uid === uid ? brokenTransition(before, session) : [];
    for (const rule of [...brokenRules(session), ...moved]) this.broken.add(`session ${name}: ${rule}`);
  }
}
