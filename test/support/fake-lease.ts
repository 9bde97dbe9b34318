import type { Clock } from '../../src/runtime/clock.ts';
import type { Lease, LeasePort, LeaseSpec } from '../../src/runtime/lease.ts';
import { statusError } from './fake-source.ts';

/** What happens to one request. */
export interface Fate {
  /** Ms until the server acts, then until its answer arrives. */
  there?: number;
  back?: number;
  /** `lost`: the server acts, the answer never comes. `refused`: 500 and no effect. `ignored`: nothing ever happens. */
  outcome?: 'answered' | 'lost' | 'refused' | 'ignored';
}

/** One Lease on a server that checks resourceVersions, behind a network that the test decides about. */
export class FakeLeaseServer {
  lease: Lease | undefined;
  readonly requests: string[] = [];
  readonly #clock: Clock;
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param fate asked for each request of this client; default: answered at once */
  port(client: string, fate: (verb: string) => Fate = () => ({})): LeasePort {
    const call = async <R>(verb: string, signal: AbortSignal, act: () => R): Promise<R> => {
      this.requests.push(`${client} ${verb}`);
      const { there = 0, back = 0, outcome = 'answered' } = fate(verb);
      if (outcome === 'ignored') return this.#never(signal);
      // The server acts whether or not the client still waits.
      const acted = this.#after(there).then(() => {
        if (outcome === 'refused') throw statusError(500);
        return act();
      });
      const answered = acted.finally(() => this.#after(back));
      // Nobody may be waiting any more.
      answered.catch(() => undefined);
      return Promise.race([outcome === 'lost' ? this.#never<R>(signal) : answered, this.#never<R>(signal)]);
    };
    return {
      get: (signal) => call('get', signal, () => this.lease && structuredClone(this.lease)),
      create: (spec, signal) =>
        call('create', signal, () => {
          if (this.lease) throw statusError(409);
          return this.#store(spec);
        }),
      update: (lease, signal) =>
        call('update', signal, () => {
          if (this.lease?.metadata.resourceVersion !== lease.metadata.resourceVersion) throw statusError(409);
          return this.#store(lease.spec);
        }),
    };
  }

  #store(spec: LeaseSpec): Lease {
    this.lease = { metadata: { resourceVersion: String(++this.#version) }, spec: structuredClone(spec) };
    return structuredClone(this.lease);
  }

  #after(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => this.#clock.setTimer(ms, resolve)) : Promise.resolve();
  }

  #never<R>(signal: AbortSignal): Promise<R> {
    return new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }
}
