import { FINALIZER, LIVE_LABEL, type DebugSession, type Run } from '../../api/debugsession.ts';
import type { InjectionReason } from '../../api/reasons.ts';
import { endOfSecond, fromTimestamp } from '../../api/time.ts';
import { findCondition } from '../../api/conditions.ts';

/** The run that counts: the newest that was ever started. */
export function currentRun(session: DebugSession): Run | undefined {
  return session.status?.runs?.find((run) => run.attempt === session.status?.attempt);
}

/** A run whose container may be alive as far as the record knows. */
export function isLive(run: Run): boolean {
  return run.state === 'Starting' || run.state === 'Running';
}

/**
 * A failed run whose container stands in the pod and was not seen to end: the kubelet may start it yet, or has. One that was seen to run is
 * looked at until it is seen to end: that its last moment has passed is then no proof.
 */
export function mayStartLate(run: Run, now: number): boolean {
  const over = run.exitCode !== undefined || run.endedBy !== undefined || run.injectedAt === undefined;
  if (over || (run.state !== 'Failed' && run.state !== 'StartedLate')) return false;
  return run.state === 'StartedLate' || run.lastMoment === undefined || now < Date.parse(run.lastMoment);
}

/** A run whose container the kubelet runs again after its end, as far as is known. */
export function runsAgain({ ranAgain }: Run): boolean {
  return ranAgain !== undefined && ranAgain.finishedAt === undefined;
}

/**
 * Whether a container that has ended is still worth a look: until `startBy` its supervisor would let it run a second time, should its node lose the
 * record of the first; after that it would end at once. One that does run again is looked at until it ends.
 */
export function mayRunAgain(run: Run, now: number): boolean {
  const hasEnded = run.state === 'Ended' || (run.state === 'StartedLate' && run.exitCode !== undefined);
  if (!hasEnded || run.containerID === undefined || run.endedBy === 'PodGone') return false;
  return runsAgain(run) || now < (fromTimestamp(run.startBy) ?? 0);
}

/** How long an injection that an operator sent before it died may be under way, and unseen, in ms: the client's own deadline. */
const UNDER_WAY_MS = 10_000;

/** When an injection of this run is no longer under way, in ms since the epoch: from then on "not in the pod" can be believed. */
export function injectionArrived(run: Run): number {
  return (endOfSecond(run.intendedAt) ?? 0) + UNDER_WAY_MS;
}

/** Only a raised attempt starts a run: a lower one is what a re-applied old commit sends, and it must start nothing. */
export function wantsStart(session: DebugSession): boolean {
  return session.metadata.deletionTimestamp === undefined && session.spec.attempt > (session.status?.attempt ?? 0);
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
const PREVIOUS_RUN_NOT_OVER = 'PreviousRunNotOver' satisfies InjectionReason;

/**
 * When the newest attempt began to wait, for whatever it was at first: a change of the reason starts no clock anew. Undefined: it does not wait. While the
 * attempt before it holds it back, its own wait has not begun.
 */
export function waitingSince(session: DebugSession): string | undefined {
  if (!isWaiting(session)) return undefined;
  const wait = findCondition(session.status?.conditions, 'Reconciling');
  return wait?.reason === PREVIOUS_RUN_NOT_OVER ? undefined : wait?.lastTransitionTime;
}

/** Finalizer or live label stand on it, so there is something to take off. Who replaces the whole object may have taken off the one or the other. */
export function isMarked({ metadata }: DebugSession): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true || metadata.labels?.[LIVE_LABEL] !== undefined;
}

/** Finalizer and live label stand on it, as they have to while a container of it may live. */
export function isHeld({ metadata }: DebugSession): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true && metadata.labels?.[LIVE_LABEL] === 'true';
}
