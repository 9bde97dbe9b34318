import { parseDuration } from '../../api/duration.ts';
import type { DebugSessionSpec, EffectiveValues, Run } from '../../api/debugsession.ts';

/**
 * Built-in values where the spec says nothing. They are not schema defaults: a manifest in Git stays what was written,
 * and what counted is recorded in the run.
 */
export const BUILT_IN = { ttl: '30m', pendingTimeout: '10m', startTimeout: '2m' } as const;

/**
 * How long after `startTimeout` the supervisor still accepts a start, in ms. It is compared on the node's clock, so
 * this is how far a node's clock may be ahead of the operator's without refusing starts at the last moment; most start
 * far earlier (docs/adr/0007).
 */
export const START_MARGIN_MS = 10_000;

/**
 * What counts for a run that starts from this spec.
 * @param ttl of a spec that says none: its policy's
 */
export function effectiveValues(spec: DebugSessionSpec, ttl: string = BUILT_IN.ttl): EffectiveValues {
  // An interactive sh where there is no command, as `kubectl debug -it` would give.
  const interactive = spec.command === undefined || spec.command.length === 0;
  const stdin = spec.stdin ?? interactive;
  return {
    ttl: spec.ttl ?? ttl,
    pendingTimeout: spec.pendingTimeout ?? BUILT_IN.pendingTimeout,
    startTimeout: spec.startTimeout ?? BUILT_IN.startTimeout,
    profile: spec.profile ?? 'general',
    supervisor: spec.supervisor ?? 'Shell',
    stdin,
    tty: spec.tty ?? (interactive && stdin),
  };
}

/**
 * A ttl in whole seconds, rounded up: the supervisor counts in seconds and must not end early. Every deadline of ours
 * counts so too.
 */
export function ttlSeconds(ttl: string): number {
  return Math.ceil(parseDuration(ttl) / 1000);
}

/** How long a container of this run may run from its start, in ms. */
export function lifeMs(run: Run): number {
  return ttlSeconds(run.effective?.ttl ?? BUILT_IN.ttl) * 1000;
}

/** How long a run may take from its intent to running, in ms. */
export function startTimeoutMs(run: Run): number {
  return parseDuration(run.effective?.startTimeout ?? BUILT_IN.startTimeout);
}
