import type { Run } from '../../api/debugsession.ts';
import type { Pod, Terminated } from '../../api/pod.ts';
import type { FailureReason, InjectionReason } from '../../api/reasons.ts';
import { fromTimestamp, toTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { MAX_MESSAGE } from '../../api/conditions.ts';
import { containerOf } from '../container/container-of.ts';
import { specHashOf } from '../container/container.ts';
import { lifeMs } from '../container/effective.ts';
import { changesOf } from '../container/makeup.ts';
import { saidFromInside, timeOver } from './claims.ts';
import { withDuring } from './during.ts';
import { readEnding, type CANCELLED } from './ending.ts';
import type { Identity, Seen } from './observation.ts';
import { containerIDOf, lostWithPod, withEnd } from './second-run.ts';
import { couldNotStart } from './start-failure.ts';
import { wordsOfFailedPod } from './who-ended.ts';
import { withTtl } from './with-ttl.ts';
import type { Situation } from '../look/situation.ts';
import { triedOn } from '../look/actions.ts';

// What is written down of a run at each turn of its life. startedAt, finishedAt and injectedAt are set once and never
// moved.

/**
 * The injection is known from the pod's spec; its time from our own memory or, after a restart, as what it was at the
 * latest: when the kubelet started the container, on a clock that is believed between the intent and now.
 */
export function confirmInjection(situation: Situation, run: Run, startedAt?: string): Run {
  const { now, injectedAt } = situation;
  if (run.injectedAt !== undefined) return run;
  const admitted = asAdmitted(situation, run);
  const latest = Math.max(fromTimestamp(run.intendedAt) ?? now, fromTimestamp(startedAt) ?? now);
  return { ...admitted, injectedAt: toTimestamp(injectedAt ?? Math.min(latest, now)) };
}

/**
 * Compares what stands in the pod with what was asked for, once. A supervisor that admission took away ends nothing:
 * from then on the run counts as one without. An operator of another version that has the container another way cannot
 * tell.
 */
function asAdmitted({ session, sighting }: Situation, run: Run): Run {
  const pod = sighting.kind === 'present' ? sighting.pod : undefined;
  const stands = pod?.spec.ephemeralContainers?.find(({ name }) => name === run.debugContainerName)?.makeup;
  const asked = containerOf(session, run);
  if (stands === undefined || specHashOf(asked) !== run.specHash) return run;
  const changes = changesOf(asked, stands);
  if (changes === undefined) return run;
  const { lastMoment, effective, ...others } = run;
  const kept = { ...(lastMoment !== undefined && { lastMoment }), ...(effective && { effective }) };
  const lost = { ...(effective && { effective: { ...effective, supervisor: 'None' as const } }) };
  return { ...others, ...(changes.lostSupervisor ? lost : kept), changed: changes.fields };
}

/**
 * The deadline counts from the kubelet's start time, clamped between the injection and now: a node whose clock is an
 * hour off must neither cut a session short nor stretch it.
 */
export function startRun(run: Run, seen: Seen<'running'>, now: number): Run {
  const injectedAt = fromTimestamp(run.injectedAt) ?? now;
  const reported = fromTimestamp(seen.startedAt) ?? now;
  const startedAt = Math.min(Math.max(reported, injectedAt), Math.max(now, injectedAt));
  return {
    ...run,
    ...identityOf(seen),
    startedAt: seen.startedAt ?? toTimestamp(now),
    expiresAt: toTimestamp(startedAt + lifeMs(run)),
    state: 'Running',
  };
}

/** Of what ran, the parts that are known. */
export function identityOf({ imageID, containerID }: Identity): Identity {
  return { ...(imageID !== undefined && { imageID }), ...(containerID !== undefined && { containerID }) };
}

/** The record of a run whose container the kubelet reported terminated. */
export function endOf(
  situation: Situation,
  run: Run,
  seen: Seen<'terminated'> | (Seen<'podGone'> & { terminated: object }),
): Run {
  const { session, sighting, now, actions } = situation;
  const { terminated } = seen;
  const pod = lastOf(sighting, run);
  const { spec } = session;
  const ending = readEnding(run, terminated, {
    ...{ pod, hasGone: seen.kind === 'podGone', joined: spec.target.containerName },
    actions: triedOn(containerIDOf(run, seen), actions),
    // A later attempt may ask for something else.
    ...(spec.attempt === run.attempt && { asked: spec }),
  });
  const said = saidFromInside(terminated);
  const unknown = terminated.reason === 'ContainerStatusUnknown';
  const facts: Run = {
    ...withEnd(withCounted(run, terminated), seen, now),
    // Of one that could not be started the runtime has no time, or that of its birth.
    ...(run.startedAt === undefined && terminated.startedAt && !couldNotStart(terminated)
      ? { startedAt: terminated.startedAt }
      : {}),
    finishedAt: terminated.finishedAt ?? toTimestamp(now),
    exitCode: terminated.exitCode,
    ...(terminated.signal === undefined ? {} : { signal: terminated.signal }),
    message: oneLine(unknown ? outOfSight(pod) : ending.message, MAX_MESSAGE),
    ...(said !== undefined && { said }),
  };
  if (ending.kind === 'failed') return { ...facts, state: 'Failed', reason: ending.reason };
  const known = withDuring(facts, pod ?? ('last' in sighting ? sighting.last : undefined));
  const reason = unknown ? 'ContainerStatusUnknown' : ending.outcome;
  return { ...known, state: 'Ended', reason, endedBy: unknown ? 'Kubelet' : ending.endedBy };
}

/** A ttl that was being told, and after which the supervisor has ended the container, is what counted inside. */
function withCounted(run: Run, terminated: Terminated): Run {
  const over = timeOver(run, terminated);
  return over !== undefined && over.ttl === run.wantedTtl ? withTtl(run, over.ttl) : run;
}

/** The pod of the run as it was seen last: another may stand under its name. */
function lastOf(sighting: Situation['sighting'], { podUID }: Run): Pod | undefined {
  const now = sighting.kind === 'present' ? sighting.pod : undefined;
  const before = sighting.kind === 'present' || sighting.kind === 'gone' ? sighting.last : undefined;
  return [now, before].find((pod) => pod?.metadata.uid === podUID);
}

function outOfSight(pod: Pod | undefined): string {
  const words = wordsOfFailedPod(pod);
  return `The kubelet has no status of the container any more, so how it ended is not known${words === undefined ? '' : `; ${words}`}`;
}

/** The record of a run whose pod is not there any more. */
export function endWithPod(situation: Situation, run: Run, seen: Seen<'podGone'>): Run {
  const { now } = situation;
  if (seen.terminated !== undefined) {
    return endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), {
      ...seen,
      terminated: seen.terminated,
    });
  }
  const what = seen.replaced ? 'was replaced by another pod of its name' : 'is gone';
  if (run.state === 'Running') {
    const words = `Pod ${run.podName} ${what}, and the container with it`;
    const lost = lostRun(lostWithPod(run, now), now, 'PodGone', words);
    return run.stop?.routes.includes('Eviction') === true ? { ...lost, endedBy: 'Eviction' } : lost;
  }
  const reason: InjectionReason = seen.replaced ? 'PodReplaced' : 'PodNotFound';
  const failed = failedRun(run, now, reason, `Pod ${run.podName} ${what}; its container was not seen to run`);
  // Seen to the last without our container: there is nothing of which the end would have to be confirmed.
  return seen.injected === false && run.injectedAt === undefined
    ? failed
    : { ...failed, endedBy: 'PodGone', podGoneAt: toTimestamp(now) };
}

/** The record of a run that was seen to run, and whose end nobody reported. */
export function lostRun(run: Run, now: number, reason: 'PodGone' | 'ContainerStatusUnknown', message: string): Run {
  const endedBy = reason === 'PodGone' ? 'PodGone' : 'Kubelet';
  return {
    ...run,
    finishedAt: toTimestamp(now),
    endedBy,
    ...(reason === 'PodGone' && { podGoneAt: toTimestamp(now) }),
    state: 'Ended',
    reason,
    message: oneLine(message, MAX_MESSAGE),
  };
}

/** Why a run never ran. */
export type NeverRan = InjectionReason | FailureReason | typeof CANCELLED;

/** The record of a run that never ran, or may not. */
export function failedRun(run: Run, now: number, reason: NeverRan, message: string): Run {
  return { ...run, finishedAt: toTimestamp(now), state: 'Failed', reason, message: oneLine(message, MAX_MESSAGE) };
}
