import type { EndedBy, Run, StopCause, StopRoute } from '../../api/debugsession.ts';
import type { Pod, Terminated } from '../../api/pod.ts';
import { type Actions, NO_ACTIONS } from '../look/actions.ts';
import { UNSUPPORTED } from '../container/supervisor.ts';
import { refusal, saysExited, saysStopped, type TimeOver, timeOver, wasSignalled } from './claims.ts';
import { type Asked, type HowItFailed, silentFailure, startFailure } from './start-failure.ts';
import { whoEnded } from './who-ended.ts';
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
  'ApprovalRequired',
  'ApprovalDenied',
  'TooManyWaiting',
  'PreviousRunNotOver',
];

/** What a terminated container means for its run. */
export type HowItEnded =
  { kind: 'ended'; outcome: 'Exited' | 'Expired' | typeof CANCELLED; endedBy: EndedBy; message: string } | HowItFailed;

/**
 * Where it ended: the pod as last seen, the container whose process namespace was joined, what was asked for, and what
 * this process has tried.
 */
export interface Scene {
  pod: Pod | undefined;
  /** It is not there any more. */
  hasGone?: boolean;
  asked?: Asked;
  joined: string | undefined;
  actions?: Actions | undefined;
}

/**
 * Tells who ended the container: from what the kubelet and the API server report, and from what the operator has done.
 * What was said from inside counts only as far as those bear it out (claims.ts). An exit code alone is no reason: a
 * command may return any.
 */
export function readEnding(run: Run, terminated: Terminated, scene: Scene): HowItEnded {
  const failed = startFailure(run, terminated, scene.asked);
  // The stop script also ends the programs by which a supervisor looks what the image has: then its word is about them.
  const isOurDoing = refusal(run, terminated) === UNSUPPORTED && mayHaveSignalled(run, scene.actions);
  if (isOurDoing) return { kind: 'ended', ...stopped(run, 'Exec') };
  if (failed !== undefined) return failed;
  const over = timeOver(run, terminated);
  if (over !== undefined) return { kind: 'ended', outcome: 'Expired', endedBy: 'Supervisor', message: expired(over) };
  const route = stoppedBy(run, terminated, scene.pod, scene.actions);
  if (route !== undefined) return { kind: 'ended', ...stopped(run, route) };
  const by = whoEnded({ run, terminated, ...scene });
  const isOpen = by.endedBy === 'Command' || by.endedBy === 'Unknown';
  // A script that has landed in other mounts leaves no word: the code of a signal after it has to do. A supervisor that
  // was asked does not say that its command ended by itself.
  const isSignalled = wasSignalled(terminated) && !saysExited(run, terminated);
  if (isOpen && isSignalled && mayHaveSignalled(run, scene.actions)) return { kind: 'ended', ...stopped(run, 'Exec') };
  const silent = isOpen ? silentFailure(run, terminated) : undefined;
  return silent ?? { kind: 'ended', outcome: 'Exited', ...by };
}

function expired({ ttl, lateMs }: TimeOver): string {
  const late = lateMs === undefined ? '' : `, ${Math.round(lateMs / 1000)} s late`;
  return `The supervisor ended it after ${ttl}${late}`;
}

/**
 * Which of the operator's ways ended the container, of those that it recorded before it tried them. Exec leaves its
 * word as the termination message, before the first signal, and so does a supervisor that was asked that way. An
 * evicted pod is being deleted. The runtime of the node says itself that it has ended the container. Keys that were
 * typed leave no trace: that the command ended after them is all that is known.
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
  ApprovalWithdrawn: 'because an approval of it was withdrawn, or it was denied',
  Deleted: 'because the session was deleted',
  StartedLate: 'because its run had failed before it started',
  RanAgain: 'because the kubelet had run it again',
};
