import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../api/debugsession.ts';
import { Fault } from './fault.ts';
import type { Kubectl } from './kubectl.ts';

/** The path of the sessions of a namespace. */
export function sessionsPath(namespace: string): string {
  return `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions`;
}

const WATCH_SECONDS = 300;
/** After a watch that broke: the first wait, doubled up to the last. */
const RETRY_MS = { first: 500, last: 10_000 };

interface WatchLine {
  type: string;
  object: DebugSession;
}

/** Resource versions are numbers that grow, of any length (KEP-5504). */
function isOlder(one: DebugSession, other: DebugSession): boolean {
  const [a, b] = [one.metadata.resourceVersion, other.metadata.resourceVersion];
  return a.length === b.length ? a < b : a.length < b.length;
}

/**
 * Follows one session by a watch, through broken connections, until it is closed. `undefined` is a session that is
 * deleted.
 */
export class Follower {
  readonly #kubectl: Kubectl;
  readonly #abort = new AbortController();
  #latest: DebugSession | undefined;
  #fault: Error | undefined;
  #wake: (() => void)[] = [];
  readonly #namespace: string;
  readonly #name: string;
  readonly #onBreak: (words: string) => void;

  /** @param onBreak is told when the watch broke and is tried again */
  constructor(kubectl: Kubectl, session: DebugSession, onBreak: (words: string) => void = () => undefined) {
    this.#kubectl = kubectl;
    this.#latest = session;
    this.#namespace = session.metadata.namespace;
    this.#name = session.metadata.name;
    this.#onBreak = onBreak;
    this.#run(session.metadata.resourceVersion).catch((error: unknown) => {
      this.#fault = error instanceof Error ? error : new Error(String(error));
      this.#tell();
    });
  }

  get latest(): DebugSession | undefined {
    return this.#latest;
  }

  /** Takes the answer of a write, so that nothing older is believed. */
  take(session: DebugSession): void {
    // The watch may have been faster than the answer.
    if (this.#latest === undefined || !isOlder(session, this.#latest)) this.#latest = session;
    this.#tell();
  }

  /**
   * Resolves with the first state that is wanted, or once it is deleted or `signal` says so.
   * @throws Fault when it cannot be watched
   */
  async until(wanted: (session: DebugSession) => boolean, signal?: AbortSignal): Promise<DebugSession | undefined> {
    const wake = (): void => this.#tell();
    signal?.addEventListener('abort', wake);
    try {
      for (;;) {
        if (this.#fault !== undefined) throw this.#fault;
        const latest = this.#latest;
        if (latest === undefined || signal?.aborted === true || wanted(latest)) return latest;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #run(since: string): Promise<void> {
    const { signal } = this.#abort;
    let from: string | undefined = since;
    let wait = RETRY_MS.first;
    while (!signal.aborted && this.#latest !== undefined) {
      try {
        if (from === undefined) await this.#look();
        from ??= this.#latest.metadata.resourceVersion;
        await this.#watch(from);
        wait = RETRY_MS.first;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Fault)) throw error;
        if (/forbidden/i.test(error.message)) throw error;
        this.#onBreak(error.lines[0] ?? '');
        await delay(wait, undefined, { signal }).catch(() => undefined);
        wait = Math.min(wait * 2, RETRY_MS.last);
      }
      from = undefined;
    }
  }

  async #look(): Promise<void> {
    const answer = await this.#kubectl.read(`${sessionsPath(this.#namespace)}/${this.#name}`);
    if (answer.kind === 'done') return this.take(JSON.parse(answer.stdout) as DebugSession);
    if (answer.refusal.kind !== 'NotFound') throw new Fault(answer.refusal.lines);
    this.#latest = undefined;
    this.#tell();
  }

  async #watch(resourceVersion: string): Promise<void> {
    const query = new URLSearchParams({
      watch: 'true',
      fieldSelector: `metadata.name=${this.#name}`,
      resourceVersion,
      timeoutSeconds: String(WATCH_SECONDS),
    });
    const path = `${sessionsPath(this.#namespace)}?${query.toString()}`;
    for await (const line of this.#kubectl.watch(path, this.#abort.signal)) {
      const event = JSON.parse(line) as WatchLine;
      // Too old a version: a look finds the newest.
      if (event.type === 'ERROR') return;
      this.#latest = event.type === 'DELETED' ? undefined : event.object;
      this.#tell();
      if (this.#latest === undefined) return;
    }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
