import { parseDuration } from '../api/duration.ts';
import type { DebugSession, Run } from '../api/debugsession.ts';
import type { Pod } from '../api/pod.ts';
import type { InjectionReason } from '../api/reasons.ts';
import { endOfSecond, fromTimestamp, toTimestamp } from '../api/time.ts';
import { oneLine } from '../text/one-line.ts';
import { admissionOf, UNREAD } from './admission.ts';
import { findCondition, MAX_MESSAGE } from './conditions.ts';
import { containerName } from './container.ts';
import { effectiveValues } from './effective.ts';
import { CANCELLED } from './ending.ts';
import { asked, intendRun } from './intent.ts';
import { currentRun, hasLapsed, isHeld, isMarked, isWaiting, mayStartLate } from './lifecycle.ts';
import { patientState } from './patient.ts';
import { preflight } from './preflight.ts';
import type { NeverRan } from './run-record.ts';
import { rest, type Plan, type Situation } from './situation.ts';
import { composeStatus } from './status.ts';
import * as story from './story.ts';
import { refuse, wait, type Verdict } from './verdict.ts';

/** A new attempt: wait for its target, refuse it, or write the intent (behind the finalizer, before the injection). */
export function planStart(situation: Situation): Plan {
  const { session, now } = situation;
  if (session.spec.cancel === true) return failAttempt(situation, CANCELLED, 'cancelled before anything was injected');
  if (hasLapsed(session, now)) {
    const message = `spec.notAfter (${session.spec.notAfter}) has passed: no run starts after it`;
    return failAttempt(situation, 'Lapsed', message);
  }
  const admission = admissionOf(session, situation.authority ?? UNREAD);
  if (admission.kind === 'refused') return failAttempt(situation, 'AdmissionPolicyMissing', admission.message);
  const verdict = admission.kind === 'wait' ? wait('AdmissionPolicyMissing', admission.message) : judge(situation);
  if (verdict.kind === 'refuse') return failAttempt(situation, verdict.reason, verdict.message);
  if (verdict.kind === 'wait') return planWait(situation, verdict);
  if (!isHeld(session)) return { effect: { kind: 'addFinalizer' }, events: [] };
  if (situation.sighting.kind !== 'present') return rest(now);
  const run = intendRun(session, situation.sighting.pod, now);
  const status = composeStatus({ session, standing: { phase: 'Starting' }, run, now });
  return { effect: { kind: 'writeStatus', status }, events: isWaiting(session) ? [] : [story.accepted(session)] };
}

function judge({ session, sighting }: Situation): Verdict {
  if (sighting.kind === 'unresolved') return wait(sighting.reason, sighting.message);
  if (sighting.kind === 'unseen') return wait('ApiUnavailable', sighting.message);
  if (sighting.kind === 'gone') {
    const name = session.spec.target.podName ?? '';
    return wait(
      'PodNotFound',
      `there is no pod ${name} in namespace ${session.metadata.namespace}; waiting for it to appear`,
    );
  }
  const { pod } = sighting;
  const name = containerName(session.metadata.uid, session.spec.attempt);
  if (pod.spec.ephemeralContainers?.some((candidate) => candidate.name === name) === true) {
    return refuse(
      'ContainerNameTaken',
      `pod ${pod.metadata.name} has an ephemeral container ${name} that is not of this session`,
    );
  }
  return preflight(pod, session.spec.target.containerName);
}

function acceptedAt(session: DebugSession): number | undefined {
  if (!isWaiting(session)) return undefined;
  return endOfSecond(findCondition(session.status?.conditions, 'Accepted')?.lastTransitionTime);
}

function planWait(situation: Situation, verdict: { reason: InjectionReason; message: string }): Plan {
  const { session, now } = situation;
  const { pendingTimeout } = effectiveValues(session.spec);
  const deadline = (acceptedAt(session) ?? now) + parseDuration(pendingTimeout);
  if (now >= deadline) {
    return failAttempt(situation, 'PendingTimeout', `waited ${pendingTimeout}: ${verdict.message}`);
  }
  const before = findCondition(session.status?.conditions, 'Reconciling');
  const sameWait = isWaiting(session) && before?.reason === verdict.reason;
  // The words may flap (CrashLoopBackOff, then Error, then running for a moment); the reason is what people wait on.
  const message = sameWait ? before.message : oneLine(verdict.message, MAX_MESSAGE);
  const wakeAt = Math.min(deadline, (fromTimestamp(session.spec.notAfter) ?? Infinity) + 1);
  if (sameWait && session.status?.observedGeneration === session.metadata.generation)
    return goOnWaiting(situation, wakeAt);
  const status = composeStatus({ session, standing: { phase: 'Pending', reason: verdict.reason, message }, now });
  return {
    effect: { kind: 'writeStatus', status },
    events: isWaiting(session) ? [] : [story.accepted(session)],
    requeueAfterMs: wakeAt - now,
  };
}

/** Nothing of it is in a pod, so nothing need hold it: its deletion must not wait where no operator runs any more. */
function goOnWaiting({ session, now }: Situation, wakeAt: number): Plan {
  const run = currentRun(session);
  const mayStart = run !== undefined && mayStartLate(run, now);
  if (isMarked(session) && !mayStart) return { effect: { kind: 'removeFinalizer' }, events: [] };
  return rest(now, wakeAt);
}

/** The attempt is over before a container stood anywhere; it is recorded like any other. */
function failAttempt(situation: Situation, reason: NeverRan, message: string): Plan {
  const { session, sighting, now } = situation;
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const run: Run = {
    attempt: session.spec.attempt,
    ...seen(session, pod),
    image: session.spec.image,
    ...asked(session.spec),
    finishedAt: toTimestamp(now),
    state: 'Failed',
    reason,
    message: oneLine(message, MAX_MESSAGE),
  };
  const status = composeStatus({ session, standing: { phase: 'Over' }, run, now });
  return { effect: { kind: 'writeStatus', status }, events: [story.over(run)] };
}

function seen(session: DebugSession, pod: Pod | undefined): Partial<Run> {
  const podName = pod?.metadata.name ?? session.spec.target.podName;
  return {
    ...(podName === undefined ? {} : { podName }),
    ...(pod === undefined
      ? {}
      : { podUID: pod.metadata.uid, before: patientState(pod, session.spec.target.containerName) }),
    ...(pod?.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
  };
}
