import type { EndedBy, Run, StopCause, StopRoute } from '../../api/debugsession.ts';
import type { Pod, Terminated } from '../../api/pod.ts';
import type { FailureReason, InjectionReason } from '../../api/reasons.ts';
import { oneLine } from '../../text/one-line.ts';
import { type Actions, NO_ACTIONS } from '../look/actions.ts';
import { type Refusal, refusal, saysStopped, type TimeOver, timeOver, wasSignalled } from './claims.ts';
import { containerStatus } from './container-status.ts';
import { stoppedByNode } from './stopped-by-node.ts';

/** The reason of a run that was ended, or never began, because somebody wanted it so. */
export const CANCELLED = 'Cancelled';

/** Reasons of an attempt that was not accepted, or not yet. */
export const REJECTED: readonly string[] = [
  'Lapsed',
  'AdmissionPolicyMissing',
  'PolicyNotFound',
  'PolicyDenied',
  'RequesterNotAllowed',
  'TooManyWaiting',
  'PreviousRunNotOver',
];

/** What a terminated container means for its run. */
export type HowItEnded =
  | { kind: 'ended'; outcome: 'Exited' | 'Expired' | typeof CANCELLED; endedBy: EndedBy; message: string }
  | {
      kind: 'failed';
      reason: FailureReason | Extract<InjectionReason, 'TargetContainerNotRunning'>;
      message: string;
    };

/** Where it ended: the pod as last seen, the container whose process namespace was joined, and what this process has tried. */
export interface Scene {
  pod: Pod | undefined;
  joined: string | undefined;
  actions?: Actions | undefined;
}

/**
 * Tells who ended the container: from what the kubelet and the API server report, and from what the operator has done.
 * What was said from inside counts only as far as those bear it out (claims.ts). An exit code alone is no reason: a
 * command may return any.
 */
export function readEnding(run: Run, terminated: Terminated, scene: Scene): HowItEnded {
  const failed = startFailure(run, terminated);
  if (failed !== undefined) return failed;
  const over = timeOver(run, terminated);
  if (over !== undefined) return { kind: 'ended', outcome: 'Expired', endedBy: 'Supervisor', message: expired(over) };
  const route = stoppedBy(run, terminated, scene.pod, scene.actions);
  if (route !== undefined) return { kind: 'ended', ...stopped(run, route) };
  const by = whoEnded(run, terminated, scene);
  // A script that has landed in other mounts leaves no word: the code of a signal after it has to do.
  const signalled = by.endedBy === 'Command' && wasSignalled(terminated) && mayHaveSignalled(run, scene.actions);
  return signalled ? { kind: 'ended', ...stopped(run, 'Exec') } : { kind: 'ended', outcome: 'Exited', ...by };
}

function expired({ ttl, lateMs }: TimeOver): string {
  const late = lateMs === undefined ? '' : `, ${Math.round(lateMs / 1000)} s late`;
  return `The supervisor ended it after ${ttl}${late}`;
}

/**
 * Which of the operator's ways ended the container, of those that it recorded before it tried them. Exec leaves its word
 * as the termination message, before the first signal, and so does a supervisor that was asked that way. An evicted pod
 * is being deleted. The runtime of the node says itself that it has ended the container. Keys that were typed leave no trace: that the command ended after them is all that is known.
 * @param actions what this process has tried; absent where it is not known
 */
export function stoppedBy(
  run: Run,
  terminated: Terminated,
  pod: Pod | undefined,
  actions?: Actions,
): StopRoute | undefined {
  const routes = run.stop?.routes ?? [];
  if (timeOver(run, terminated) !== undefined) return undefined;
  if (stoppedByNode(run, terminated, actions)) return 'Node';
  if (saysStopped(terminated) && mayHaveSignalled(run, actions) && !hasOutlived(terminated, actions)) return 'Exec';
  if (routes.includes('Eviction') && pod?.metadata.deletionTimestamp !== undefined) return 'Eviction';
  return routes.includes('Attach') ? 'Attach' : undefined;
}

/** It survived every signal, and no signal has ended it: the word is of a script that tried once more. */
function hasOutlived(terminated: Terminated, { tried }: Actions = NO_ACTIONS): boolean {
  return tried.Exec?.wasSurvived === true && !wasSignalled(terminated);
}

/** Whether the stop script may have run in the container, as far as this process knows. */
function mayHaveSignalled({ stop }: Run, { underWay, tried }: Actions = NO_ACTIONS): boolean {
  if (stop?.routes.includes('Exec') !== true) return false;
  // Only the last outcome is known: one that was refused after another may be of a container that had been ended.
  const only = tried.Exec?.times === 1 ? tried.Exec.outcome.kind : undefined;
  return underWay === 'Exec' || (only !== 'forbidden' && only !== 'impossible');
}

const STOPPED_HOW: Record<StopRoute, string> = {
  Exec: 'The operator ended it with signals from inside the container',
  Attach: 'It ended after the operator had typed Ctrl-C and Ctrl-D, or exit',
  Node: 'The container runtime of its node ended it, as the operator asked',
  Eviction: 'It ended with its pod, which the operator evicted',
};

function stopped(
  { stop }: Run,
  route: StopRoute,
): { outcome: 'Expired' | typeof CANCELLED; endedBy: EndedBy; message: string } {
  const cause = stop?.cause ?? 'Cancelled';
  const outcome = cause === 'Deadline' ? 'Expired' : CANCELLED;
  return { outcome, endedBy: route, message: `${STOPPED_HOW[route]}, ${STOPPED_BECAUSE[cause]}` };
}

/** Why a container had to end, in words. */
export const STOPPED_BECAUSE: Record<StopCause, string> = {
  Deadline: 'because its ttl was over',
  Cancelled: 'because the session was cancelled',
  Revoked: 'because its policy does not allow it any more',
  Deleted: 'because the session was deleted',
  StartedLate: 'because its run had failed before it started',
  RanAgain: 'because the kubelet had run it again',
};

/** The runtime made the container and could not start it: nothing has run. The kubelet says so, not the inside. */
export function couldNotStart({ reason }: Terminated): boolean {
  return reason === 'StartError' || reason === 'ContainerCannotRun';
}

function startFailure(run: Run, terminated: Terminated): HowItEnded | undefined {
  const said = oneLine(terminated.message ?? '', 600);
  if (couldNotStart(terminated)) {
    // runc: the target ended between the look at it and the start.
    if (/namespace path: .*no such file or directory/.test(said)) {
      const message = `The target container ended before its process namespace could be joined; raise spec.attempt while it runs, or leave target.containerName out (${said})`;
      return { kind: 'failed', reason: 'TargetContainerNotRunning', message };
    }
    const missing = /executable file not found|no such file or directory/.test(said);
    const shell = missing && run.effective?.supervisor === 'Shell';
    const hint = shell ? '; the image seems to have no sh, so use an image with a shell, or supervisor: None' : '';
    const reason = missing ? 'CommandNotFound' : 'StartError';
    return {
      kind: 'failed',
      reason,
      message: `The container runtime could not start the container: ${said || 'no reason given'}${hint}`,
    };
  }
  const refused = refusal(run, terminated);
  return refused && { kind: 'failed', ...REFUSED[refused](run) };
}

const REFUSED: Record<Refusal, (run: Run) => { reason: FailureReason; message: string }> = {
  TooLate: ({ startBy }) => ({
    reason: 'TooLate',
    message: `The container started after ${startBy ?? 'its time'} and ended itself at once`,
  }),
  CommandNotFound: () => ({
    reason: 'CommandNotFound',
    message: 'The image does not have the command of this session',
  }),
  Unsupported: () => ({
    reason: 'SupervisorUnsupported',
    message:
      'The image has a shell but no sleep, or no env and tr for the variables of this session; use another image, or supervisor: None',
  }),
};

function whoEnded(run: Run, terminated: Terminated, { pod, joined }: Scene): { endedBy: EndedBy; message: string } {
  const { exitCode } = terminated;
  const code = codeOf(terminated);
  if (terminated.reason === 'OOMKilled' && exitCode === 137)
    return { endedBy: 'Kubelet', message: `The kernel killed it for lack of memory, ${code}` };
  const failed = KILLED.includes(exitCode) ? wordsOfFailedPod(pod) : undefined;
  if (failed !== undefined)
    return { endedBy: 'Kubelet', message: `The kubelet ended it together with its pod, ${code}; ${failed}` };
  if (pod?.metadata.deletionTimestamp !== undefined)
    return { endedBy: 'PodGone', message: `It ended with its pod, ${code}` };
  if (exitCode === 137 && joined !== undefined && pod !== undefined && hasEnded(run, pod, joined)) {
    return {
      endedBy: 'Kubelet',
      message: `It was killed when container ${joined}, whose process namespace it shared, ended, ${code}`,
    };
  }
  if (KILLED.includes(exitCode) && pod !== undefined && hasFinished(pod))
    return { endedBy: 'Kubelet', message: `The kubelet ended it because the pod had finished, ${code}` };
  return { endedBy: 'Command', message: `The command ended by itself, ${code}` };
}

/** The runtime counts each kill for lack of memory in the container, also of a child that the command has outlived. */
function codeOf({ exitCode, reason }: Terminated): string {
  const outlived = reason === 'OOMKilled' && exitCode !== 137;
  return `exit code ${exitCode}${outlived ? '; a process of it had been killed for lack of memory' : ''}`;
}

/** What the kubelet says of a pod that it has failed as a whole, such as one that it evicted; undefined of any other. */
export function wordsOfFailedPod(pod: Pod | undefined): string | undefined {
  const { phase, reason, message = '' } = pod?.status ?? {};
  if (phase !== 'Failed' || reason === undefined) return undefined;
  return `the pod says: ${oneLine(`${reason}: ${message}`, 400).replace(/:$/, '')}`;
}

/** TERM, and KILL when the grace period was over: a command that ends well when its pod does has ended by itself. */
const KILLED = [143, 137];

/** Nothing of the pod's own runs any more, or will: the kubelet then ends what else runs in it, and only after that the pod's phase says so. */
function hasFinished({ spec, status }: Pod): boolean {
  if ((spec.restartPolicy ?? 'Always') === 'Always') return false;
  const states = spec.containers.map(({ name }) => status.containerStatuses?.find((own) => own.name === name)?.state);
  const isDone = (end?: Terminated): boolean =>
    end !== undefined && (spec.restartPolicy === 'Never' || end.exitCode === 0);
  return states.every((state) => isDone(state?.terminated));
}

/** A container that joined its target's process namespace dies with the target's PID 1. */
function hasEnded(run: Run, pod: Pod, target: string): boolean {
  const status = containerStatus(pod, target);
  return status?.state?.running === undefined || (status.restartCount ?? 0) > (run.before?.restartCount ?? 0);
}
