import { FINALIZER, LIVE_LABEL, type DebugSession, type Run } from '../../api/debugsession.ts';
import type { InjectionReason } from '../../api/reasons.ts';
import { endOfSecond, fromTimestamp } from '../../api/time.ts';

/** The run that counts: the newest that was ever started. */
export function currentRun(session: DebugSession): Run | undefined {
  return session.status?.runs?.find((run) => run.attempt === session.status?.attempt);
}

/** The records with this one in the place of what was known of its attempt, in the order of the attempts. */
export function withRun(runs: readonly Run[], run: Run): Run[] {
  return [...runs.filter((other) => other.attempt !== run.attempt), run].sort((a, b) => a.attempt - b.attempt);
}

/** A run whose container may be alive as far as the record knows. */
export function isLive(run: Run): boolean {
  return run.state === 'Starting' || run.state === 'Running';
}

/**
 * How long a write whose answer was lost may be under way, and unseen, in ms: the client's own deadline. So may an
 * injection that an operator sent before it died.
 */
export const UNDER_WAY_MS = 10_000;

/**
 * An injection is sent at most so long after its intent was written, or renewed, in ms: the write of the intent and the
 * questions before the injection may take ten seconds each (docs/adr/0070).
 */
const SENT_WITHIN_MS = 25_000;

/** Until when an injection of this run may be sent, in ms since the epoch. Later, its intent is renewed first. */
export function sendBy(run: Run): number {
  return (fromTimestamp(lastIntent(run)) ?? 0) + SENT_WITHIN_MS;
}

/**
 * When an injection of this run is no longer under way, in ms since the epoch: from then on "not in the pod" can be
 * believed.
 */
export function injectionArrived(run: Run): number {
  return (endOfSecond(lastIntent(run)) ?? 0) + SENT_WITHIN_MS + UNDER_WAY_MS;
}

/** When the status last said that the container is about to be injected. */
function lastIntent({ intendedAt, renewedAt }: Run): string | undefined {
  return renewedAt ?? intendedAt;
}

/** Only a raised attempt starts a run: a lower one is what a re-applied old commit sends, and it must start nothing. */
export function wantsStart(session: DebugSession): boolean {
  return session.metadata.deletionTimestamp === undefined && session.spec.attempt > (session.status?.attempt ?? 0);
}

/** A later attempt than this run is requested: the spec is about that attempt, and no longer about the run. */
export function isRaisedAbove({ spec }: DebugSession, run: Run): boolean {
  return spec.attempt > run.attempt;
}

/** No run starts any more: `spec.notAfter` has passed. */
export function hasLapsed(session: DebugSession, now: number): boolean {
  const lapse = fromTimestamp(session.spec.notAfter);
  return lapse !== undefined && now > lapse;
}

/** A session whose newest attempt is accepted and waits: its acceptance has been told and its clock runs. */
export function isWaiting(session: DebugSession): boolean {
  return session.status?.phase === 'Pending';
}

/** Why an attempt is held back behind one whose container may still live. */
export const PREVIOUS_RUN_NOT_OVER = 'PreviousRunNotOver' satisfies InjectionReason;

/**
 * A part of the guard (finalizer or live label) stands on it, so there is something to take off. Who replaces the whole
 * object may have taken off the one or the other.
 */
export function hasGuard({ metadata }: DebugSession): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true || metadata.labels?.[LIVE_LABEL] !== undefined;
}

/** The whole guard (finalizer and live label) stands on it, as they have to while a container of it may live. */
export function isGuarded({ metadata }: DebugSession): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true && metadata.labels?.[LIVE_LABEL] === 'true';
}
