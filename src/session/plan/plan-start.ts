import { guardedRun } from '../run/fate.ts';
import { type Effect, type Plan, rest, wakeBy } from './effect.ts';
import { writeThen } from './write-status.ts';
import { parseDuration } from '../../api/duration.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { endOfSecond, fromTimestamp, toTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { admissionOf } from '../start/admission.ts';
import { approvalCaseOf, type ApprovalJudgement, judgeApproval, withApproval } from '../start/approval.ts';
import { UNREAD } from '../look/authority.ts';
import { MAX_MESSAGE } from '../../api/conditions.ts';
import { containerName } from '../container/container.ts';
import { effectiveValues } from '../container/effective.ts';
import { CANCELLED, REJECTED } from '../run/ending.ts';
import { intendRun, requestOf } from '../start/intent.ts';
import { hasGuard, hasLapsed, isGuarded, isWaiting } from '../run/lifecycle.ts';
import { podBefore } from '../start/pod-before.ts';
import { neverComesBack, preflight } from '../start/preflight.ts';
import type { NeverRan } from '../run/record.ts';
import { LIMIT_REACHED, limitReached, placeWanted, tooManyWaiting, withThoseIn } from '../start/limits.ts';
import { later, never, type Objection } from '../look/objection.ts';
import { NO_OTHERS } from '../look/places.ts';
import { limitsOf, UNREAD_RULES } from '../look/rules.ts';
import { permit, policyNameOf } from '../start/permission.ts';
import { pressureOn, underPressure } from '../start/pressure.ts';
import type { Situation } from '../look/situation.ts';
import { composeStatus, type Standing } from '../status/compose-status.ts';
import * as events from '../status/events.ts';

/** A new attempt: wait for its target, refuse it, or write the intent (behind the finalizer, before the injection). */
export function planStart(situation: Situation): Plan {
  const { session, now } = situation;
  if (session.spec.cancel === true)
    return failAttempt(situation, CANCELLED, 'The session was cancelled before a container was injected');
  if (hasLapsed(session, now)) {
    const message = `No run starts after spec.notAfter (${session.spec.notAfter})`;
    return failAttempt(situation, 'Lapsed', message);
  }
  const approval = approvalOf(situation);
  const objection = admissionOf(session, situation.authority ?? UNREAD) ?? judge(situation, approval);
  if (objection?.finality === 'never') return failAttempt(situation, objection.reason, objection.message);
  if (objection !== undefined) return planWait(situation, objection, approval);
  const { sighting, rules } = situation;
  if (sighting.kind !== 'present' || rules?.policy.kind !== 'found') return rest(now);
  const run = withApproval(intendRun(session, sighting.pod, now, rules.policy.spec), approval);
  if (!isGuarded(session)) return { effect: { kind: 'addFinalizer', run }, events: [] };
  const status = composeStatus({ session, standing: { phase: 'Starting' }, run, now });
  const approved = run.approvedBy === undefined ? [] : [events.approved(run, run.approvedBy)];
  return { effect: { kind: 'writeStatus', status }, events: approved };
}

/** Whether the people whom its policy asks for have approved it. Undefined: the policy asks for nobody. */
function approvalOf({ session, rules, authority, now }: Situation): ApprovalJudgement | undefined {
  const about = approvalCaseOf(session, rules);
  return about && judgeApproval(about, { at: now, isIdentityWaived: authority?.kind === 'waived' });
}

/** It waits, and has been told that it is accepted. */
function isAccepted(session: DebugSession): boolean {
  return isWaiting(session) && session.status?.acceptedAt !== undefined;
}

/**
 * What is asked for comes first: what no pod could make right is not waited for. Nobody is asked to approve what cannot
 * run, and they are asked before the pod is there.
 */
function judge(situation: Situation, approval: ApprovalJudgement | undefined): Objection | undefined {
  const { session, sighting, rules = UNREAD_RULES } = situation;
  const permission = permit(session, rules, sighting.kind === 'present' ? sighting.pod : undefined);
  if (permission !== undefined) return permission;
  const ofPod = judgePod(situation);
  if (ofPod?.finality === 'never') return ofPod;
  const unapproved = approval !== undefined && 'objection' in approval ? approval.objection : undefined;
  return unapproved ?? ofPod ?? judgeOthers(situation) ?? judgePressure(situation);
}

/** Last: it is looked at once, when everything else says yes. */
function judgePressure({ session, sighting, rules, pressure, now }: Situation): Objection | undefined {
  if (sighting.kind !== 'present') return undefined;
  return underPressure(policyNameOf(session), rules?.policy, pressureOn(sighting.pod, pressure, now));
}

function judgePod({ session, sighting, rules }: Situation): Objection | undefined {
  if (sighting.kind === 'unresolved') return later(sighting.reason, sighting.message);
  if (sighting.kind === 'unseen') return later('ApiUnavailable', sighting.message);
  if (sighting.kind === 'gone') return noPod(session, sighting.last);
  const { pod } = sighting;
  const name = containerName(session.metadata.uid, session.spec.attempt);
  if (pod.spec.ephemeralContainers?.some((candidate) => candidate.name === name) === true) {
    return never(
      'ContainerNameTaken',
      `Pod ${pod.metadata.name} has an ephemeral container ${name} that does not belong to this session`,
    );
  }
  const maxContainers = limitsOf(rules?.policy).containersPerPod;
  const { target, volumeMounts } = session.spec;
  const volumes = volumeMounts?.map((mount) => mount.name);
  return preflight(pod, { containerName: target.containerName, volumes, maxContainers });
}

/** @param last the pod of that name that was seen to go, if one was */
function noPod({ spec, metadata }: DebugSession, last: Pod | undefined): Objection {
  const message = `There is no pod ${spec.target.podName ?? ''} in namespace ${metadata.namespace}`;
  const lost = last && neverComesBack(last);
  return lost === undefined
    ? later('PodNotFound', `${message}; waiting for it to appear`)
    : never('PodNotFound', `${message} any more; ${lost}`);
}

/** Whoever would be one too many waits. */
function judgeOthers({ session, sighting, rules, others = NO_OTHERS }: Situation): Objection | undefined {
  if (sighting.kind !== 'present') return undefined;
  const { pod } = sighting;
  const wanted = placeWanted(session, pod);
  const reached = limitReached(wanted, limitsOf(rules?.policy), withThoseIn(pod, session.metadata.uid, others));
  return reached === undefined
    ? undefined
    : later(LIMIT_REACHED, `${reached}; sessions start in the order of their requests`);
}

function planWait(situation: Situation, objection: Objection, approval: ApprovalJudgement | undefined): Plan {
  const { session, now } = situation;
  const tooMany = othersWaiting(situation);
  if (tooMany !== undefined) return failAttempt(situation, 'TooManyWaiting', `${tooMany} (${objection.message})`);
  const { pendingTimeout } = effectiveValues(session.spec);
  const since = session.status?.waitingSince;
  const deadline = (endOfSecond(since) ?? now) + parseDuration(pendingTimeout);
  if (now >= deadline) {
    return failAttempt(situation, 'PendingTimeout', `Waited ${pendingTimeout}: ${objection.message}`);
  }
  const wait = waitOf(session, objection, approval);
  const wakeAt = Math.min(deadline, (fromTimestamp(session.spec.notAfter) ?? Infinity) + 1, wait.until);
  const then = withoutFinalizer(situation);
  // What cannot be read for a moment has not changed: what was told stands.
  if (since !== undefined && isAccepted(session) && isUnread(situation))
    return wakeBy({ effect: then ?? { kind: 'none' }, events: [] }, now, wakeAt);
  return writeThen(situation, { standing: wait.standing, events: wait.told, then, wakeAt });
}

/** How a wait is told, and until when these words hold, in ms since the epoch. */
interface Wait {
  standing: Standing;
  told: events.EventIntent[];
  until: number;
}

function waitOf(session: DebugSession, objection: Objection, approval: ApprovalJudgement | undefined): Wait {
  const message = oneLine(objection.message, MAX_MESSAGE);
  const pending = { phase: 'Pending', reason: objection.reason, message } as const;
  if (approval?.kind === 'missing' && approval.objection === objection) {
    const isTold = session.status?.waitingFor === objection.reason;
    const told = isTold ? [] : [events.approvalRequired(session, message)];
    // What approvals are missing is told anew with each that comes.
    return { standing: { ...pending, approval: approval.wanted }, told, until: approval.until ?? Infinity };
  }
  const isNews = !isAccepted(session) && !REJECTED.includes(objection.reason);
  const told = isNews ? [events.accepted(session)] : [];
  // The words may flap (CrashLoopBackOff, then Error, then running for a moment); the reason is what people wait on.
  return { standing: { ...pending, keepsWords: true }, told, until: Infinity };
}

/** Why it may not begin to wait, if it may not. */
function othersWaiting(situation: Situation): string | undefined {
  const { session, rules = UNREAD_RULES, others = NO_OTHERS } = situation;
  return isWaiting(session) || isUnread(situation) ? undefined : tooManyWaiting(session, rules.policy, others);
}

/** What decides whether it may run is not known now. */
function isUnread({ session, authority = UNREAD, rules = UNREAD_RULES }: Situation): boolean {
  return admissionOf(session, authority)?.finality === 'later' || rules.policy.kind === 'unread';
}

/** Nothing of it is in a pod, so nothing need hold it: its deletion must not wait where no operator runs any more. */
function withoutFinalizer({ session, now }: Situation): Effect | undefined {
  const needsGuard = guardedRun(session.status?.runs, now) !== undefined;
  return hasGuard(session) && !needsGuard ? { kind: 'removeFinalizer' } : undefined;
}

/** The attempt is over before a container stood anywhere; it is recorded like any other. */
function failAttempt(situation: Situation, reason: NeverRan, message: string): Plan {
  const { session, sighting, now } = situation;
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const run: Run = {
    attempt: session.spec.attempt,
    ...podFieldsOf(session, pod),
    image: session.spec.image,
    ...requestOf(session.spec),
    finishedAt: toTimestamp(now),
    overAt: toTimestamp(now),
    state: 'Failed',
    reason,
    message: oneLine(message, MAX_MESSAGE),
  };
  const status = composeStatus({ session, standing: { phase: 'Over' }, run, now });
  return { effect: { kind: 'writeStatus', status }, events: [events.over(run)] };
}

function podFieldsOf(session: DebugSession, pod: Pod | undefined): Partial<Run> {
  const podName = pod?.metadata.name ?? session.spec.target.podName;
  return {
    ...(podName === undefined ? {} : { podName }),
    ...(pod === undefined
      ? {}
      : { podUID: pod.metadata.uid, before: podBefore(pod, session.spec.target.containerName) }),
    ...(pod?.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
  };
}
