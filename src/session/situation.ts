import type { DebugSession, DebugSessionStatus, Run, StopRoute } from '../api/debugsession.ts';
import type { EphemeralContainer } from '../api/ephemeral-container.ts';
import type { InjectionReason } from '../api/reasons.ts';
import type { Authority } from './admission.ts';
import type { Efforts } from './efforts.ts';
import type { Crowd } from './limits.ts';
import type { Sighting } from './observation.ts';
import type { Rules } from './permission.ts';

/** Who asked may not use the policy, or the operator may not ask whether they may. */
export interface Denial {
  reason: Extract<InjectionReason, 'RequesterNotAllowed' | 'Forbidden'>;
  message: string;
}

/** What the planner knows: the session as stored, what was seen of its target, and the time (ms since the epoch). */
export interface Situation {
  session: DebugSession;
  sighting: Sighting;
  now: number;
  /** When this process saw its injection succeed, in ms; lost with a restart, and then the time of the next look stands in for it. */
  injectedAt?: number;
  /** Absent: nothing is known of it yet. */
  authority?: Authority;
  /** What its policy allows. Absent: nothing is known of it yet. */
  rules?: Rules;
  /** Who else lives or waits. Absent: nobody. */
  crowd?: Crowd;
  /** Why it is not certain, right before the injection, that who asked may use the policy. Absent: it is, or was not asked. */
  denied?: Denial;
  /** What this process has done to the container of the newest run, and how that went; absent: nothing. */
  efforts?: Efforts;
}

/** The one effect of a pass. Everything is written before it is relied on, so a crash between any two of them is repaired by the next pass. */
export type Effect =
  | { kind: 'none' }
  | { kind: 'addFinalizer' }
  | { kind: 'removeFinalizer' }
  | { kind: 'writeStatus'; status: DebugSessionStatus }
  /** With a resourceVersion only if the pod is still as it was looked at. */
  | { kind: 'inject'; run: Run; container: EphemeralContainer; resourceVersion?: string }
  /** Begun, not waited for: how it went is in the efforts of a later situation. */
  | { kind: 'stop'; run: Run; route: StopRoute }
  | { kind: 'tellTtl'; run: Run; ttl: string }
  /** The record itself goes, if it is still the one that was looked at. */
  | { kind: 'delete' };

/** An event to record once the effect has succeeded. `key` makes it one event however often it is recorded. */
export interface EventIntent {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  key: string;
  /** Regarding the session (related to its pod), or the pod itself where the session is about to be gone. */
  on: 'session' | 'pod';
  podName?: string;
  podUID?: string;
}

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

/** The same step, after which to look again at `at` (ms since the epoch) at the latest. Undefined and Infinity: no such time. */
export function wakeBy(step: Plan, now: number, at = Infinity): Plan {
  const requeueAfterMs = Math.min(step.requeueAfterMs ?? Infinity, Math.max(0, at - now));
  return Number.isFinite(requeueAfterMs) ? { ...step, requeueAfterMs } : step;
}
