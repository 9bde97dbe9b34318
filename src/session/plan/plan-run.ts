import type { Run, StopCause } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { endOfSecond, fromTimestamp, toTimestamp } from '../../api/time.ts';
import { specHashOf } from '../container/container.ts';
import { startTimeoutMs } from '../container/effective.ts';
import { CANCELLED } from '../run/ending.ts';
import { containerOf } from '../container/container-of.ts';
import { idleCapabilities } from '../run/idle-capabilities.ts';
import { injectionArrived, isRaisedAbove, sendBy, withRun } from '../run/lifecycle.ts';
import { LIMIT_REACHED, limitReached, placeOf, withThoseIn } from '../start/limits.ts';
import { later, never, type Objection } from '../look/objection.ts';
import { NO_OTHERS, type Others } from '../look/places.ts';
import { nothingIsAddedTo } from '../run/nothing-starts.ts';
import { observe, type Seen } from '../run/observation.ts';
import { withDuring } from '../run/during.ts';
import { withRestart } from '../run/second-run.ts';
import { canFinish } from '../run/restarts.ts';
import { finish, writeThen } from './write-status.ts';
import { approvalCaseOf, approvalLost, isWithdrawn } from '../start/approval.ts';
import { asRecorded, isRevoked, judgesPod, permit } from '../start/permission.ts';
import { limitsOf, UNREAD_RULES } from '../look/rules.ts';
import { nextTtlStep, type TtlStep } from '../stop/change-ttl.ts';
import { planEnded } from './plan-ended.ts';
import { planEnding } from './plan-ending.ts';
import { roomLeft } from '../start/preflight.ts';
import { pressureOn } from '../start/pressure.ts';
import { confirmInjection, endOf, endWithPod, failedRun, lostRun, type NeverRan, startRun } from '../run/record.ts';
import { type Plan, rest } from './effect.ts';
import type { EventIntent } from '../status/events.ts';
import type { Situation } from '../look/situation.ts';
import type { Standing } from '../status/compose-status.ts';
import { leavingMessage, runningMessage } from '../status/running-message.ts';
import { overdueAt, stopCause } from '../stop/stop.ts';
import * as events from '../status/events.ts';

/**
 * A container that has not run for so long after its intent is worth a word in status, in ms; most start faster and
 * cost no write.
 */
const SLOW_START_MS = 5_000;

/**
 * How long until it is looked again whose another operator's container is, in ms: the watch of sessions is seldom
 * further behind.
 */
const HEARSAY_MS = 1_000;

/** A run between its intent and its end. */
export function planRun(situation: Situation, run: Run): Plan {
  const seen = observe(run, situation.session.metadata.uid, situation.sighting);
  switch (seen.kind) {
    case 'unseen':
      return rest(situation.now);
    case 'notInjected':
      return planInjection(situation, run, seen);
    case 'waiting':
      return run.state === 'Running'
        ? planOutOfSight(situation, run, seen)
        : planWaiting(situation, confirmInjection(situation, run), seen);
    case 'running':
      return planRunning(situation, confirmInjection(situation, run, seen.startedAt), seen);
    case 'terminated':
      return planEnded(situation, endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), seen));
    case 'podGone':
      return finish(situation, endWithPod(situation, run, seen));
  }
}

/** When a container that was not seen to run has failed to start, in ms since 1970. */
export function startDeadline(run: Run): number {
  return (endOfSecond(run.intendedAt) ?? 0) + startTimeoutMs(run);
}

function planInjection(situation: Situation, run: Run, seen: Seen<'notInjected'>): Plan {
  const { session, now } = situation;
  const { pod } = seen;
  // The pod's copy may be older than our own injection; the watch brings the newer one.
  if (run.injectedAt !== undefined) {
    const deadline = startDeadline(run);
    return now < deadline ? rest(now, deadline) : rest(now);
  }
  if (seen.nameTaken) {
    const message = `Pod ${pod.metadata.name} has an ephemeral container ${run.debugContainerName} that does not belong to this session`;
    return finish(situation, failedRun(run, now, 'ContainerNameTaken', message));
  }
  if (session.spec.cancel === true)
    return giveUp(situation, run, CANCELLED, 'The session was cancelled before the container was injected');
  // The spec is about another attempt, perhaps of another person: nothing of it goes into this one.
  if (isRaisedAbove(session, run))
    return giveUp(situation, run, 'SpecChanged', 'attempt was raised before the container was injected');
  return planFirst(situation, run, pod) ?? inject(situation, run, pod);
}

/** What stands against an injection that nothing but time has come between. */
function planFirst(situation: Situation, run: Run, pod: Pod): Plan | undefined {
  const { now, refused } = situation;
  const objection = objectionTo(situation, run, pod);
  if (objection?.finality === 'never') return giveUp(situation, run, objection.reason, objection.message);
  const deadline = startDeadline(run);
  if (now >= deadline) {
    const why = refused === undefined ? 'The operator did not run' : `The API server said: ${refused.message}`;
    const message = `The container was not injected within ${run.effective?.startTimeout}. ${why}`;
    return giveUp(situation, run, 'StartTimeout', message);
  }
  if (objection !== undefined) {
    const isDoubtful = objection.reason === LIMIT_REACHED;
    return rest(now, isDoubtful ? Math.min(deadline, now + HEARSAY_MS) : deadline);
  }
  const unfit = nothingIsAddedTo(pod);
  return unfit && finish(situation, failedRun(run, now, unfit.reason, unfit.message));
}

function inject(situation: Situation, run: Run, pod: Pod): Plan {
  const { session, now, rules } = situation;
  const container = containerOf(session, run);
  if (specHashOf(container) !== run.specHash) {
    const message = 'The spec changed between the intent and the injection; raise spec.attempt to use the new spec';
    return giveUp(situation, run, 'SpecChanged', message);
  }
  const idle = idleCapabilities(session.spec, run, pod);
  const short = pressureOn(pod, situation.pressure, now);
  const warnings = [
    ...(canFinish(pod) ? [events.delaysCompletion(run, pod)] : []),
    ...(idle === undefined ? [] : [events.capabilitiesIdle(run, idle)]),
    ...(short.length === 0 ? [] : [events.underPressure(run, short)]),
  ];
  const seenAs = judgesPod(rules?.policy) ? { resourceVersion: pod.metadata.resourceVersion } : {};
  const told = tellOfRefusal(situation, run);
  if (told?.effect.kind === 'writeStatus') return told;
  return { effect: { kind: 'inject', run, container, ...seenAs }, events: [events.injected(run), ...warnings] };
}

/** What the API server has said stands in status before the next try, once it takes long. */
function tellOfRefusal(situation: Situation, run: Run): Plan | undefined {
  const { now, refused } = situation;
  if (refused === undefined || now < slowStart(run)) return undefined;
  return writeThen(situation, { run, standing: { phase: 'Starting', waiting: refused }, events: [] });
}

/**
 * Where the intent of an injection has become too old to send it, it is written again, so that nobody gives the run up
 * meanwhile (docs/adr/0070). Nothing else of the status changes.
 * @returns undefined while the injection may be sent
 */
export function planRenewal({ session, now }: Pick<Situation, 'session' | 'now'>, run: Run): Plan | undefined {
  if (now <= sendBy(run)) return undefined;
  const renewed = { ...run, renewedAt: toTimestamp(now) };
  const status = { ...session.status, runs: withRun(session.status?.runs ?? [], renewed) };
  return { effect: { kind: 'writeStatus', status }, events: [] };
}

/**
 * When a refused injection has to be looked at again, however long the pause between two tries has become: to tell of
 * it, and to give it up.
 * @param notBefore when the API server lets it be tried again; what is given up is not tried
 */
export function retryBy(run: Run, { now, notBefore }: { now: number; notBefore: number }): number {
  const tell = now < slowStart(run) ? Math.max(slowStart(run), notBefore) : Infinity;
  return Math.min(tell, startDeadline(run));
}

function slowStart(run: Run): number {
  return (fromTimestamp(run.intendedAt) ?? 0) + SLOW_START_MS;
}

/**
 * What has turned up since the intent against the injection, if anything has: policies change, rights are withdrawn,
 * others are faster.
 */
function objectionTo(situation: Situation, run: Run, pod: Pod): Objection | undefined {
  const { session, authority, denied, rules = UNREAD_RULES } = situation;
  if (authority?.kind === 'missing')
    return never('AdmissionPolicyMissing', `The requester is not known any more: ${authority.message}`);
  if (denied !== undefined) return denied;
  const permission = permit(asRecorded(session, run), rules, pod);
  if (permission !== undefined)
    return rules.policy.kind === 'absent' ? { ...permission, finality: 'never' } : permission;
  const unapproved = approvalObjection(situation, run);
  if (unapproved !== undefined) return unapproved;
  const room = roomLeft(pod, { maxContainers: limitsOf(rules?.policy).containersPerPod });
  return room ?? othersFirst(situation, run, pod);
}

/** The policy may ask for approvals only since the intent. */
function approvalObjection({ session, rules }: Situation, run: Run): Objection | undefined {
  const about = approvalCaseOf(session, rules);
  return about && approvalLost(about, run.approvedBy);
}

/** The place was free at the intent, and nobody of this operator can have taken it since: another operator has. */
function othersFirst({ session, rules, others = NO_OTHERS }: Situation, run: Run, pod: Pod): Objection | undefined {
  const { perPod, perTarget, perUserPerPod } = limitsOf(rules?.policy);
  const known: Others = { ...others, ahead: () => [] };
  const all = withThoseIn(pod, session.metadata.uid, known);
  const place = placeOf(session, run);
  const reached = limitReached(place, { perPod, perTarget }, all) ?? limitReached(place, { perUserPerPod }, known);
  if (reached !== undefined) return never(LIMIT_REACHED, `Other sessions were faster: ${reached}`);
  // Whose the others are is not heard yet. They may be the same user's.
  const doubtful = limitReached(place, { perUserPerPod }, all);
  return doubtful === undefined ? undefined : later(LIMIT_REACHED, doubtful);
}

/**
 * "Not injected" is not believed at once of a run that is given up: what is over with nothing to stop is not looked at
 * again.
 */
function giveUp(situation: Situation, run: Run, reason: NeverRan, message: string): Plan {
  const { now } = situation;
  const arrived = injectionArrived(run);
  return now < arrived ? rest(now, arrived) : finish(situation, failedRun(run, now, reason, message));
}

function planWaiting(situation: Situation, run: Run, seen: Seen<'waiting'>): Plan {
  const { session, now } = situation;
  const reason = seen.reason === 'ContainerCreating' ? 'StartTimeout' : seen.reason;
  if (seen.final) return finish(situation, failedRun(run, now, reason, seen.message));
  if (session.spec.cancel === true)
    return finish(
      situation,
      failedRun(run, now, CANCELLED, `The session was cancelled before the container ran: ${seen.message}`),
    );
  const deadline = startDeadline(run);
  if (now >= deadline) {
    return finish(
      situation,
      failedRun(run, now, reason, `The container did not run within ${run.effective?.startTimeout}: ${seen.message}`),
    );
  }
  const slow = slowStart(run);
  if (now < slow) return rest(now, Math.min(slow, deadline));
  const standing: Standing = { phase: 'Starting', waiting: { reason: seen.reason, message: seen.message } };
  return writeThen(situation, { run, standing, events: [], wakeAt: deadline });
}

/**
 * The kubelet has lost the record of a container that ran (k/k#124176). That is no failed start, and no proof of an
 * end: the next report, the end of its pod or its last moment decides.
 */
export function planOutOfSight(situation: Situation, run: Run, seen: Seen<'waiting'>): Plan {
  const { now } = situation;
  if (seen.reason === 'PodFinished') return finish(situation, lostRun(run, now, 'PodGone', seen.message));
  const lastMoment = fromTimestamp(run.lastMoment);
  if (lastMoment === undefined || now < lastMoment) return rest(now, lastMoment);
  const message = `The kubelet has no status of container ${run.debugContainerName} any more, which ran`;
  return finish(situation, lostRun(run, now, 'ContainerStatusUnknown', message));
}

function planRunning(situation: Situation, run: Run, seen: Seen<'running'>): Plan {
  const { now } = situation;
  const isNew = run.state !== 'Running';
  const running = withDuring(isNew ? startRun(run, seen, now) : withRestart(run, seen, now), seen.pod);
  const told = toldOfStart(run, running);
  const cause = stopCause(situation, running) ?? revocation(situation, running, seen.pod);
  if (cause !== undefined) return planEnding(situation, running, cause, told);
  // A first sight is written as it is; the same pass goes on with what has changed since the injection.
  const step: TtlStep = isNew ? { kind: 'same' } : nextTtlStep(situation, running);
  if (step.kind === 'tell') return { effect: { kind: 'tellTtl', run: running, ttl: step.ttl }, events: [] };
  return step.kind === 'write'
    ? writeRunning(situation, { run: step.run, pod: seen.pod }, [...told, ...step.events])
    : writeRunning(situation, { run: running, pod: seen.pod }, told, step);
}

function toldOfStart(before: Run, running: Run): EventIntent[] {
  if (before.state !== 'Running') return [events.started(running)];
  return before.ranAgain?.containerID === running.ranAgain?.containerID ? [] : [events.ranAgain(running)];
}

function revocation({ session, rules = UNREAD_RULES }: Situation, run: Run, pod: Pod): StopCause | undefined {
  if (isRevoked(session, run, rules, pod)) return 'Revoked';
  // A raised attempt has approvals and denials of its own.
  const about = approvalCaseOf({ ...session, spec: { ...session.spec, attempt: run.attempt } }, rules);
  const isLost = about?.demand.revokeRunning === true && isWithdrawn(about, run.approvedBy);
  return isLost ? 'ApprovalWithdrawn' : undefined;
}

function writeRunning(
  situation: Situation,
  { run, pod }: { run: Run; pod: Pod },
  told: EventIntent[],
  step: TtlStep = { kind: 'same' },
): Plan {
  const { session } = situation;
  const { ttl, note, until, keepsWords } = step.kind === 'wait' ? step : {};
  const refused = ttl === undefined || note === undefined ? undefined : { ttl, why: note };
  const message = leavingMessage(run, pod) ?? runningMessage(run, refused);
  const standing: Standing = { phase: 'Running', message, ...(keepsWords && { keepsWords }) };
  const isFinal = refused !== undefined && until === undefined;
  const all = isFinal ? [...told, events.ttlChangeRefused(session, run, refused)] : told;
  const wakeAt = Math.min(overdueAt(situation, run), until ?? Infinity);
  return writeThen(situation, { run, standing, events: all, wakeAt });
}

/** The API server has refused the injection for good. */
export function planRefusal(situation: Situation, run: Run, refusal: Objection): Plan {
  return finish(situation, failedRun(run, situation.now, refusal.reason, refusal.message));
}
