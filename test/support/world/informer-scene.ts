import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { resourceSource } from '../../../src/kube/resource-source.ts';
import { RestClient, type Query, type RequestOptions } from '../../../src/kube/rest-client.ts';
import { Informer } from '../../../src/runtime/informer.ts';
import { compareResourceVersions } from '../../../src/runtime/resource-version.ts';
import type { Stored } from '../../../src/runtime/store.ts';
import { FastClock } from '../fakes/fast-clock.ts';
import { PATH, type PlayedApiServer } from '../fakes/played-api-server.ts';
import { longEnough, patient } from '../patience.ts';

/**
 * How many times as fast as real time the informer lives: its first pause of 0.1 s takes 5 ms, its longest of 5 s 250
 * ms.
 */
export const SPEED = 20;
/** What a call may take in these tests, in real ms. */
const CALL_MS = patient(300);
/**
 * A watch that is silent for so long is dead, in ms of the fast clock: far more than a test takes, if it does not say
 * otherwise.
 */
const IDLE_MS = 1_000_000;

/** Lists have 30 s by default: too long for a test of one that is never answered. */
class ImpatientClient extends RestClient {
  /** How often it was asked for something. */
  asked = 0;

  override list<T = unknown>(path: string, query: Query = {}, options: RequestOptions = {}): Promise<T> {
    this.asked += 1;
    return super.list(path, query, { ...options, timeoutMs: CALL_MS });
  }

  override watch<T = unknown>(
    ...args: Parameters<RestClient['watch']>
  ): ReturnType<typeof RestClient.prototype.watch<T>> {
    this.asked += 1;
    return super.watch<T>(...args);
  }
}

export interface InformerSceneOptions {
  pageSize?: number;
  idleMs?: number;
  /** Default: the server's own, with a token that never changes. */
  config?: KubeConfig;
}

/**
 * The whole stack, socket to store, on a played API server; and the promises that hold for every informer, checked all
 * the time.
 */
export class InformerScene {
  readonly clock = new FastClock(SPEED);
  readonly informer: Informer<Stored>;
  /** Every change that was told: `ADDED web 7`. */
  readonly changes: string[] = [];
  readonly #client: ImpatientClient;
  readonly #server: PlayedApiServer;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  /** What must never happen. */
  readonly #wrongs: string[] = [];
  readonly #onRejection = (error: unknown): void => void this.#wrongs.push(`unhandled: ${String(error)}`);

  constructor(server: PlayedApiServer, options: InformerSceneOptions = {}) {
    const { config, ...rest } = options;
    this.#server = server;
    process.on('unhandledRejection', this.#onRejection);
    this.#client = new ImpatientClient(config ?? server.config, { timeoutMs: CALL_MS });
    const source = resourceSource(this.#client, PATH);
    this.informer = new Informer<Stored>({ name: 'things', source, clock: this.clock, idleMs: IDLE_MS, ...rest });
    const told = new Map<string, string>();
    this.informer.store.onChange((type, key, { metadata }) => {
      this.changes.push(`${type} ${metadata.name} ${metadata.resourceVersion}`);
      if (this.#abort.signal.aborted) this.#wrongs.push(`told after the stop: ${this.changes.at(-1)}`);
      // A deletion that is learnt from a list has the last version known.
      const before = told.get(key) ?? '0';
      const order = compareResourceVersions(metadata.resourceVersion, before);
      if (order < 0 || (order === 0 && type !== 'DELETED')) this.#wrongs.push(`${this.changes.at(-1)} after ${before}`);
      told.set(key, metadata.resourceVersion);
    });
    this.#running = this.informer.run(this.#abort.signal);
  }

  get state(): Record<string, string> {
    return Object.fromEntries(
      this.informer.store.list().map(({ metadata }) => [metadata.name, metadata.resourceVersion]),
    );
  }

  /** Starts the same informer a second time. */
  runAgain(): Promise<void> {
    return this.informer.run(this.#abort.signal);
  }

  /** Until the store is what the server is, and a single watch follows it. */
  converged(): Promise<void> {
    return until(
      () =>
        this.informer.hasSynced() &&
        this.#server.watches === 1 &&
        JSON.stringify(sorted(this.state)) === JSON.stringify(sorted(this.#server.state)),
      () => `the store has ${JSON.stringify(this.state)}, the server ${JSON.stringify(this.#server.state)}`,
    );
  }

  /** Aborts, and proves that nothing is left: no request, connection or timer, and not a word afterwards. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('stop'));
    await this.#running;
    await until(
      () => this.#server.watches === 0,
      () => `${this.#server.watches} watches are still open`,
    );
    if (this.clock.timers > 0) this.#wrongs.push(`${this.clock.timers} timers are left`);
    // Not by the server: what was sent before the stop may come in after it.
    const { asked } = this.#client;
    await sleep(20);
    if (this.#client.asked !== asked) this.#wrongs.push('a request came after the stop');
    await this.#client.close();
    process.off('unhandledRejection', this.#onRejection);
    if (this.#wrongs.length > 0) throw new Error(this.#wrongs.join('; '));
  }
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Until it is so; after a long time it throws `otherwise`. */
export async function until(isSo: () => boolean, otherwise: () => string): Promise<void> {
  const [begin, bound] = [performance.now(), longEnough()];
  while (!isSo()) {
    if (performance.now() - begin > bound) throw new Error(`not within ${bound} ms: ${otherwise()}`);
    await sleep(2);
  }
}
