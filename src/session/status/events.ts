import type { DebugSession, During, Requester, Run, RunApproval } from '../../api/debugsession.ts';
import type { Changes, Pod } from '../../api/pod.ts';
import { oneLine } from '../../text/one-line.ts';
import { whyDeletionWaits } from './deletion-waits.ts';
import { CANCELLED, REJECTED } from '../run/ending.ts';
import type { IdleCapabilities } from '../run/idle-capabilities.ts';

/** An event to record once the effect has succeeded. `key` makes it one event however often it is recorded. */
export interface EventIntent {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  /** Words of the requester. They go last, so that they cannot pass for the operator's. Absent: none. */
  because?: string;
  key: string;
  /** The pod that the event is related to. Absent: none was chosen. */
  podName?: string;
  podUID?: string;
}

// The events of a session's life, in the order in which `kubectl describe` tells them.

type Told = Pick<EventIntent, 'type' | 'reason' | 'action' | 'note'>;

/** In the order of a life, so that the keys sort as the story goes. */
const STEPS = [
  'ApprovalRequired',
  'Accepted',
  'Approved',
  'Injected',
  'DelaysCompletion',
  'CapabilitiesIdle',
  'UnderPressure',
  'Started',
  'PodDisturbed',
  'TtlChanged',
  'TtlChangeRefused',
  'StopUnconfirmed',
  'Evicting',
  'Ended',
  'Cancelled',
  'Failed',
  'StartedLate',
  'RanAgain',
  'Retiring',
  'DeletionWaiting',
];

function tell(attempt: number, run: Run | undefined, told: Told): EventIntent {
  const step = STEPS.indexOf(told.reason);
  const digits = (count: number): string => String(count).padStart(2, '0');
  const order = `${digits(attempt)}-${digits(step < 0 ? STEPS.length : step)}`;
  const pod = run?.podName === undefined ? {} : { podName: run.podName, ...(run.podUID && { podUID: run.podUID }) };
  return { ...told, note: oneLine(told.note), key: `${order}-${told.reason}`, ...pod };
}

function forWhom(requester: Requester | undefined): string {
  return requester === undefined ? '; requester unknown' : ` for ${requester.username}`;
}

/** Of an attempt that has to wait. `injected` tells of one that starts at once: one request less of each session. */
export function accepted(session: DebugSession): EventIntent {
  const { attempt, justification, requestedBy } = session.spec;
  const why = justification === undefined ? '' : `: ${justification}`;
  return tell(attempt, undefined, {
    type: 'Normal',
    reason: 'Accepted',
    action: 'Accept',
    note: `Accepted attempt ${attempt}${forWhom(requestedBy)}${why}`,
  });
}

/** Told when it begins to wait for approvals. */
export function approvalRequired({ spec }: DebugSession, message: string): EventIntent {
  const note = `Attempt ${spec.attempt} waits. ${message}`;
  return tell(spec.attempt, undefined, { type: 'Normal', reason: 'ApprovalRequired', action: 'AskForApproval', note });
}

/** Told when the run begins: an approval that comes while others are missing starts nothing. */
export function approved(run: Run, by: readonly RunApproval[]): EventIntent {
  const people = by.map(
    ({ username, at, reason }) => `${username} at ${at}${reason === undefined ? '' : ` (${reason})`}`,
  );
  const note = `Attempt ${run.attempt} was approved by ${people.join(', ')}`;
  return tell(run.attempt, run, { type: 'Normal', reason: 'Approved', action: 'Approve', note });
}

export function injected(run: Run): EventIntent {
  const joined = run.effective?.supervisor === 'None' ? ', without a supervisor: only the operator ends it' : '';
  const note = `Injected container ${run.debugContainerName} (${run.image}) into pod ${run.podName}${forWhom(run.requestedBy)}${joined}`;
  const told = tell(run.attempt, run, { type: 'Normal', reason: 'Injected', action: 'Inject', note });
  return run.justification === undefined ? told : { ...told, because: run.justification };
}

/**
 * Of the events of an injection: `Injected` says what admission changed of the container, by the API server's answer.
 */
export function injectedChanged(event: EventIntent, changes?: Changes): EventIntent {
  if (changes === undefined || event.reason !== 'Injected') return event;
  const { fields, lostSupervisor } = changes;
  const lost = lostSupervisor ? '; its supervisor was taken away, so only the operator ends it' : '';
  const note = oneLine(`${event.note}; admission changed it on its way (${fields.join(', ')})${lost}`);
  return { ...event, type: 'Warning', note };
}

/**
 * A container of another user than 0 is started without the capabilities that it adds (containerd and CRI-O set no
 * ambient ones).
 */
export function capabilitiesIdle(run: Run, { capabilities, user, from }: IdleCapabilities): EventIntent {
  const note = `Capabilities ${capabilities.join(', ')} have no effect in container ${run.debugContainerName}: it runs as user ${user}, by ${from}; set spec.securityContext.runAsUser: 0 to use them`;
  return tell(run.attempt, run, { type: 'Warning', reason: 'CapabilitiesIdle', action: 'Inject', note });
}

/**
 * A pod that is to finish counts as running for as long as any container runs in it, the kubelet ends ours with the
 * rest, and a shell that does not mind TERM lives for the whole grace period: with such a pod its Job completes later.
 * (Kubelet: status manager, `mergePodStatus`.)
 */
export function delaysCompletion(run: Run, pod: Pod): EventIntent {
  const owner = pod.metadata.ownerReferences?.find((candidate) => candidate.controller === true);
  const whose = owner === undefined ? `Pod ${run.podName}` : `Pod ${run.podName} of ${owner.kind} ${owner.name}`;
  const note = `${whose} can finish. When its own containers have ended for good, the kubelet ends ${run.debugContainerName} too; the pod completes only after that, which may take its terminationGracePeriodSeconds`;
  return tell(run.attempt, run, { type: 'Warning', reason: 'DelaysCompletion', action: 'Inject', note });
}

/** @param short what the container finds short, one clause each */
export function underPressure(run: Run, short: readonly string[]): EventIntent {
  const note = `Container ${run.debugContainerName} has no resources of its own and uses those of its pod and node, and ${short.join('; ')}`;
  return tell(run.attempt, run, { type: 'Warning', reason: 'UnderPressure', action: 'Inject', note });
}

export function started(run: Run): EventIntent {
  const note = `Container ${run.debugContainerName} runs in pod ${run.podName} on node ${run.nodeName} until ${run.expiresAt}`;
  return tell(run.attempt, run, { type: 'Normal', reason: 'Started', action: 'Start', note });
}

const DISTURBANCES: Record<During['what'], string> = {
  OOMKilled: 'was killed for lack of memory',
  Restarted: 'ended and was started again',
  Evicted: 'was evicted',
};

/** The pod suffered while the session ran. That the session caused it is not said: nobody can know. */
export function podDisturbed(run: Run, during: readonly During[]): EventIntent {
  const all = during.map(({ what, containerName, at, exitCode }) => {
    const who = containerName === undefined ? `pod ${run.podName}` : `container ${containerName} of pod ${run.podName}`;
    const code = exitCode === undefined ? '' : `, exit code ${exitCode}`;
    return `${who} ${DISTURBANCES[what]} at ${at}${code}`;
  });
  const note = `While container ${run.debugContainerName} ran, ${all.join('; ')}`;
  return tell(run.attempt, run, { type: 'Warning', reason: 'PodDisturbed', action: 'Watch', note });
}

/** How a run ended, whichever way. */
export function over(run: Run): EventIntent {
  if (run.state === 'Ended') return ended(run);
  return run.reason === CANCELLED ? cancelled(run) : failed(run);
}

function ended(run: Run): EventIntent {
  const code = run.exitCode === undefined ? '' : ` with exit code ${run.exitCode}`;
  const note = `Container ${run.debugContainerName} ended${code}, by ${run.endedBy}${duration(run)}: ${run.message}`;
  const type = run.endedBy === 'PodGone' && run.exitCode === undefined ? 'Warning' : 'Normal';
  return tell(run.attempt, run, { type, reason: 'Ended', action: 'End', note });
}

function failed(run: Run): EventIntent {
  const reason = REJECTED.includes(run.reason ?? '') ? 'Rejected' : 'Failed';
  const note = `Attempt ${run.attempt} failed (${run.reason}): ${run.message}`;
  return tell(run.attempt, run, { type: 'Warning', reason, action: reason === 'Failed' ? 'Fail' : 'Reject', note });
}

export function stopUnconfirmed(run: Run, message: string): EventIntent {
  return tell(run.attempt, run, { type: 'Warning', reason: 'StopUnconfirmed', action: 'Stop', note: message });
}

/** The pod goes because nothing inside it ends the container. */
export function evicting(run: Run, pod: Pod | undefined): EventIntent {
  return leaving({ reason: 'Evicting', why: 'because nothing else ends the container' }, run, pod);
}

/** The pod goes because the session is over. */
export function retiring(run: Run, pod: Pod | undefined): EventIntent {
  return leaving({ reason: 'Retiring', why: 'because a session has run in it' }, run, pod);
}

/** A pod without a controller is not made again: said before it goes. */
function leaving(
  { reason, why }: { reason: 'Evicting' | 'Retiring'; why: string },
  run: Run,
  pod: Pod | undefined,
): EventIntent {
  const controller = pod?.metadata.ownerReferences?.find((owner) => owner.controller === true);
  const lost =
    controller === undefined
      ? 'The pod has no controller, so nothing recreates it and its data is lost'
      : `${controller.kind} ${controller.name} creates another`;
  const note = `Evicting pod ${run.podName} ${why}. ${lost}`;
  return tell(run.attempt, run, {
    type: controller === undefined ? 'Warning' : 'Normal',
    reason,
    action: 'Evict',
    note,
  });
}

function cancelled(run: Run): EventIntent {
  const note = `Attempt ${run.attempt}: ${run.message}`;
  return tell(run.attempt, run, { type: 'Normal', reason: 'Cancelled', action: 'Cancel', note });
}

export function ranAgain(run: Run): EventIntent {
  const note = `The kubelet ran container ${run.debugContainerName} of pod ${run.podName} again after its end, because the node had lost its record`;
  return tell(run.attempt, run, { type: 'Warning', reason: 'RanAgain', action: 'Start', note });
}

export function startedLate(run: Run, message: string): EventIntent {
  return tell(run.attempt, run, { type: 'Warning', reason: 'StartedLate', action: 'Start', note: message });
}

export function ttlChanged(run: Run): EventIntent {
  const ttl = run.effective?.ttl ?? '';
  const note = `Changed ttl to ${ttl}: container ${run.debugContainerName} runs until ${run.expiresAt}`;
  const told = tell(run.attempt, run, { type: 'Normal', reason: 'TtlChanged', action: 'ChangeTtl', note });
  return { ...told, key: `${told.key}-${ttl}` };
}

export function ttlChangeRefused(
  { metadata }: DebugSession,
  run: Run,
  { ttl, why }: { ttl: string; why: string },
): EventIntent {
  const note = `Refused ttl ${ttl} for the running container (${why}); it keeps ${run.effective?.ttl} and ends at ${run.expiresAt}`;
  const told = tell(run.attempt, run, { type: 'Warning', reason: 'TtlChangeRefused', action: 'ChangeTtl', note });
  return { ...told, key: `${told.key}-${metadata.generation ?? 0}` };
}

/** The session is deleted, and stays until its container has ended or its pod is gone. */
export function deletionWaiting(run: Run, now: number): EventIntent {
  const [, message] = whyDeletionWaits(run, now);
  return tell(run.attempt, run, { type: 'Warning', reason: 'DeletionWaiting', action: 'Delete', note: message });
}

function duration(run: Run): string {
  if (run.startedAt === undefined || run.finishedAt === undefined) return '';
  const seconds = Math.max(0, Math.round((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000));
  return ` after ${seconds} s`;
}
