import type { ListWatchSource } from './list-watch.ts';
import { microTime } from './micro-time.ts';

/** coordination.k8s.io/v1 LeaseSpec. No holder: nobody has it. */
export interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/** A Lease as it was read; whatever else stands in it goes back unchanged. */
export interface Lease {
  metadata: { resourceVersion: string; annotations?: Record<string, string> };
  spec: LeaseSpec;
}

/** One Lease. Its calls must end soon after `signal` aborts; errors carry what `apiAnswer` reads. */
export interface LeasePort {
  /** undefined: there is none. */
  get(signal: AbortSignal): Promise<Lease | undefined>;
  /** Fails with 409 when there is one. */
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
  /** Fails with 409 when it has changed since it was read (metadata.resourceVersion). */
  update(lease: Lease, signal: AbortSignal): Promise<Lease>;
  /** A list and a watch of this one Lease, for candidates. */
  readonly source: ListWatchSource;
}

/**
 * Nobody holds it, or its holder has been silent for longer than it said. `silentMs` is by the observer's own clock.
 */
export function isFree(spec: LeaseSpec, silentMs: number): boolean {
  return !spec.holderIdentity || silentMs >= (spec.leaseDurationSeconds ?? 0) * 1000;
}

/** A new holder. `now` is wall time, for people only. */
export function acquired(old: LeaseSpec | undefined, identity: string, durationMs: number, now: number): LeaseSpec {
  return {
    ...old,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: microTime(now),
    renewTime: microTime(now),
    // The first holder is no transition.
    leaseTransitions: old ? (old.leaseTransitions ?? 0) + 1 : 0,
  };
}

/** The same holder goes on. */
export function renewed(old: LeaseSpec, durationMs: number, now: number): LeaseSpec {
  return { ...old, leaseDurationSeconds: Math.ceil(durationMs / 1000), renewTime: microTime(now) };
}

/** Given back: no holder, and a duration of a second for clients that look at that alone (client-go's release). */
export function released(lease: Lease, now: number): Lease {
  const { leaseTransitions } = lease.spec;
  const time = microTime(now);
  const spec = { leaseDurationSeconds: 1, acquireTime: time, renewTime: time };
  return { ...lease, spec: { ...spec, ...(leaseTransitions !== undefined && { leaseTransitions }) } };
}
