import type { Clock } from '../../../src/runtime/clock.ts';
import type { Lease, LeasePort, LeaseSpec } from '../../../src/runtime/lease.ts';
import type { WatchEvent } from '../../../src/runtime/watch-event.ts';
import { statusError } from './fake-source.ts';

/** What happens to one request. */
export interface Fate {
  /** Ms until the server acts, then until its answer arrives; of a watch: each event. */
  there?: number;
  back?: number;
  /**
   * `lost`: the server acts, the answer never comes; a watch breaks at its first event. `refused`: 500 and no effect.
   * `ignored`: nothing ever happens, and a watch stays open without a word.
   */
  outcome?: 'answered' | 'lost' | 'refused' | 'ignored';
}

export type Verb = 'get' | 'create' | 'update' | 'list' | 'watch';

/** One Lease on a server that checks resourceVersions, behind a network that the test decides about. */
export class FakeLeaseServer {
  lease: Lease | undefined;
  readonly requests: string[] = [];
  /** Told of every lease that is stored, at that moment. */
  onStore: (lease: Lease) => void = () => undefined;
  readonly #clock: Clock;
  #version = 0;
  readonly #history: { version: number; at: number; event: WatchEvent }[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param fate asked for each request of this client; default: answered at once */
  port(client: string, fate: (verb: Verb) => Fate = () => ({})): LeasePort {
    const call = async <R>(verb: Verb, signal: AbortSignal, act: () => R): Promise<R> => {
      this.requests.push(`${client} ${verb}`);
      const { there = 0, back = 0, outcome = 'answered' } = fate(verb);
      if (outcome === 'ignored') return never(signal);
      // The server acts whether or not the client still waits.
      const acted = this.#after(there).then(() => {
        if (outcome === 'refused') throw statusError(500);
        return act();
      });
      const answered = acted.finally(() => this.#after(back));
      // Nobody may be waiting any more.
      answered.catch(() => undefined);
      return Promise.race([outcome === 'lost' ? never<R>(signal) : answered, never<R>(signal)]);
    };
    const copy = (): Lease | undefined => this.lease && structuredClone(this.lease);
    return {
      get: (signal) => call('get', signal, copy),
      create: (spec, signal) =>
        call('create', signal, () => {
          if (this.lease) throw statusError(409);
          return this.#store('ADDED', spec);
        }),
      update: (lease, signal) =>
        call('update', signal, () => {
          if (this.lease?.metadata.resourceVersion !== lease.metadata.resourceVersion) throw statusError(409);
          return this.#store('MODIFIED', lease.spec);
        }),
      source: {
        list: (_query, signal) =>
          call('list', signal, () => ({
            metadata: { resourceVersion: String(this.#version) },
            items: this.lease ? [copy()] : [],
          })),
        watch: ({ resourceVersion }, signal) => {
          this.requests.push(`${client} watch`);
          return this.#events(Number(resourceVersion), fate('watch'), signal);
        },
      },
    };
  }

  /** Somebody deletes it by hand. */
  delete(): void {
    if (this.lease === undefined) return;
    const { spec } = this.lease;
    this.lease = undefined;
    this.#tell('DELETED', { metadata: { resourceVersion: String(++this.#version) }, spec });
  }

  /** Somebody writes it by hand. */
  put(spec: LeaseSpec): void {
    this.#store(this.lease === undefined ? 'ADDED' : 'MODIFIED', spec);
  }

  #store(type: WatchEvent['type'], spec: LeaseSpec): Lease {
    this.lease = { metadata: { resourceVersion: String(++this.#version) }, spec: structuredClone(spec) };
    this.onStore(this.lease);
    this.#tell(type, this.lease);
    return structuredClone(this.lease);
  }

  #tell(type: WatchEvent['type'], lease: Lease): void {
    this.#history.push({
      version: this.#version,
      at: this.#clock.monotonic(),
      event: { type, object: structuredClone(lease) },
    });
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async *#events(from: number, fate: Fate, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { there = 0, back = 0, outcome = 'answered' } = fate;
    const aborted = never<void>(signal);
    aborted.catch(() => undefined);
    if (outcome === 'ignored') await aborted;
    await Promise.race([this.#after(there), aborted]);
    if (outcome === 'refused') throw statusError(500);
    for (let seen = from; ;) {
      const next = this.#history.find(({ version }) => version > seen);
      const turn = next ? this.#after(next.at + back - this.#clock.monotonic()) : this.#wake.promise;
      await Promise.race([turn, aborted]);
      if (next === undefined) continue;
      if (outcome === 'lost') throw new Error('the connection broke');
      seen = next.version;
      yield next.event;
    }
  }

  #after(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => this.#clock.setTimer(ms, resolve)) : Promise.resolve();
  }
}

function never<R>(signal: AbortSignal): Promise<R> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
