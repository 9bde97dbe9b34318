import type { DebugSessionStatus, Run, StopRoute } from '../../api/debugsession.ts';
import type { EphemeralContainer } from '../../api/ephemeral-container.ts';
import type { EventIntent } from '../status/events.ts';

/**
 * The one effect of a pass. Everything is written before it is relied on, so a crash between any two of them is
 * repaired by the next pass.
 */
export type Effect =
  | { kind: 'none' }
  /** `run`: the one that is to begin behind it, where the session has waited for it. */
  | { kind: 'addFinalizer'; run?: Run }
  | { kind: 'removeFinalizer' }
  | { kind: 'writeStatus'; status: DebugSessionStatus }
  /** With a resourceVersion only if the pod is still as it was looked at. */
  | { kind: 'inject'; run: Run; container: EphemeralContainer; resourceVersion?: string }
  /** Begun, not waited for: how it went is in the actions of a later situation. */
  | { kind: 'stop'; run: Run; route: StopRoute; beforeNode?: true }
  | { kind: 'tellTtl'; run: Run; ttl: string }
  /** The record itself goes, if it is still the one that was looked at. */
  | { kind: 'delete' };

export interface Plan {
  effect: Effect;
  events: EventIntent[];
  /** When to look again although nothing was seen to change, in ms from now. */
  requeueAfterMs?: number;
}

/** Nothing to do until something is seen, or until `at` (ms since the epoch). */
export function rest(now: number, at?: number): Plan {
  return wakeBy({ effect: { kind: 'none' }, events: [] }, now, at);
}

/**
 * The same step, after which to look again at `at` (ms since the epoch) at the latest. Undefined and Infinity: no such
 * time.
 */
export function wakeBy(step: Plan, now: number, at = Infinity): Plan {
  const requeueAfterMs = Math.min(step.requeueAfterMs ?? Infinity, Math.max(0, at - now));
  return Number.isFinite(requeueAfterMs) ? { ...step, requeueAfterMs } : step;
}
