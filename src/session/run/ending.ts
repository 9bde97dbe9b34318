import { parseDuration } from '../../api/duration.ts';
import type { EndedBy, Run, StopCause, StopRoute } from '../../api/debugsession.ts';
import type { Pod, Terminated } from '../../api/pod.ts';
import type { FailureReason, InjectionReason } from '../../api/reasons.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { BUILT_IN } from '../container/effective.ts';
import { containerStatus } from './container-status.ts';
import { COMMAND_NOT_FOUND, DEADLINE, STOPPED, TOO_LATE, UNSUPPORTED } from '../container/supervisor.ts';

/** The reason of a run that was ended, or never began, because somebody wanted it so. */
export const CANCELLED = 'Cancelled';

/** Reasons of an attempt that was not accepted, or not yet. */
export const REJECTED: readonly string[] = [
  'Lapsed',
  'AdmissionPolicyMissing',
  'PolicyNotFound',
  'PolicyDenied',
  'RequesterNotAllowed',
  'PreviousRunNotOver',
];

/** What a terminated container means for its run. */
export type Ending =
  | { kind: 'ended'; outcome: 'Exited' | 'Expired' | typeof CANCELLED; endedBy: EndedBy; message: string }
  | {
      kind: 'failed';
      reason: FailureReason | Extract<InjectionReason, 'TargetContainerNotRunning'>;
      message: string;
    };

/** Where it ended: the pod as last seen, and the container whose process namespace was joined. */
export interface Scene {
  pod: Pod | undefined;
  joined: string | undefined;
}

/**
 * Tells from the termination message and reason who ended the container. Exit codes are never used to guess: a user's own command may
 * return any of them.
 */
export function readEnding(run: Run, terminated: Terminated, scene: Scene): Ending {
  const failed = startFailure(run, terminated);
  if (failed !== undefined) return failed;
  const ttl = deadlineReached(run, terminated);
  if (ttl !== undefined) {
    const message = `ended by its supervisor after ${ttl}`;
    return { kind: 'ended', outcome: 'Expired', endedBy: 'Supervisor', message };
  }
  const route = stoppedBy(run, terminated, scene.pod);
  if (route !== undefined) return { kind: 'ended', ...stopped(run, route) };
  return { kind: 'ended', outcome: 'Exited', ...whoEnded(run, terminated, scene) };
}

/**
 * Which of the operator's ways ended the container. Exec leaves its word as the termination message, before the first signal, and so does a
 * supervisor that was asked that way. An evicted pod is being deleted. Keys that were typed leave no trace: that the command ended after them is all
 * that is known.
 */
export function stoppedBy(run: Run, terminated: Terminated, pod: Pod | undefined): StopRoute | undefined {
  const routes = run.stop?.routes ?? [];
  if (deadlineReached(run, terminated) !== undefined) return undefined;
  if (routes.includes('Exec') && terminated.message?.trim() === STOPPED) return 'Exec';
  if (routes.includes('Eviction') && pod?.metadata.deletionTimestamp !== undefined) return 'Eviction';
  return routes.includes('Attach') ? 'Attach' : undefined;
}

const STOPPED_HOW: Record<StopRoute, string> = {
  Exec: 'ended by the operator with signals from inside the container',
  Attach: 'ended after the operator had typed Ctrl-C and Ctrl-D, or exit',
  Eviction: 'ended with its pod, which the operator evicted',
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

function supervisorWord(run: Run, terminated: Terminated): string | undefined {
  return run.effective?.supervisor === 'Shell' ? terminated.message?.trim() : undefined;
}

/** The supervisor refuses before it runs anything, within a second. Later its words are those of a command that can write them as well. */
const REFUSAL_MS = 60_000;

/**
 * Which ttl was over. The word counts only at its time: earlier it is one that the command wrote. The kubelet's times are whole seconds. A ttl that is
 * wanted may have reached the container before anybody knew that it had, and a shorter one may have ended it at once.
 */
function deadlineReached(run: Run, terminated: Terminated): string | undefined {
  if (supervisorWord(run, terminated) !== DEADLINE) return undefined;
  const [started, finished] = [fromTimestamp(terminated.startedAt), fromTimestamp(terminated.finishedAt)];
  const known = run.effective?.ttl ?? BUILT_IN.ttl;
  const lived = started === undefined || finished === undefined ? Infinity : finished - started + 2_000;
  const over = [known, run.wantedTtl ?? known].filter((ttl) => lived >= parseDuration(ttl));
  return over.sort((one, other) => parseDuration(other) - parseDuration(one))[0];
}

function refusalWord(run: Run, terminated: Terminated): string | undefined {
  const started = fromTimestamp(terminated.startedAt);
  const finished = fromTimestamp(terminated.finishedAt) ?? 0;
  return started === undefined || finished - started < REFUSAL_MS ? supervisorWord(run, terminated) : undefined;
}

function startFailure(run: Run, terminated: Terminated): Ending | undefined {
  const said = oneLine(terminated.message ?? '', 600);
  if (terminated.reason === 'StartError' || terminated.reason === 'ContainerCannotRun') {
    // runc: the target ended between the look at it and the start.
    if (/namespace path: .*no such file or directory/.test(said)) {
      const message = `the target container ended before its process namespace could be joined: raise spec.attempt while it runs, or leave target.containerName out (${said})`;
      return { kind: 'failed', reason: 'TargetContainerNotRunning', message };
    }
    const missing = /executable file not found|no such file or directory/.test(said);
    const shell = missing && run.effective?.supervisor === 'Shell';
    const hint = shell ? '; the image seems to have no sh: use an image with a shell, or supervisor: None' : '';
    const reason = missing ? 'CommandNotFound' : 'StartError';
    return {
      kind: 'failed',
      reason,
      message: `the container could not be started: ${said || 'no reason given'}${hint}`,
    };
  }
  switch (refusalWord(run, terminated)) {
    case TOO_LATE:
      return {
        kind: 'failed',
        reason: 'TooLate',
        message: `the container started after ${run.startBy ?? 'its time'} and ended itself at once`,
      };
    case COMMAND_NOT_FOUND:
      return {
        kind: 'failed',
        reason: 'CommandNotFound',
        message: 'the image does not have the command of this session',
      };
    case UNSUPPORTED:
      return {
        kind: 'failed',
        reason: 'SupervisorUnsupported',
        message:
          'the image has a shell but no sleep, so its session could not be ended in time: use another image, or supervisor: None',
      };
    default:
      return undefined;
  }
}

function whoEnded(run: Run, terminated: Terminated, { pod, joined }: Scene): { endedBy: EndedBy; message: string } {
  const code = `exit code ${terminated.exitCode}`;
  if (terminated.reason === 'OOMKilled') return { endedBy: 'Kubelet', message: `killed for lack of memory, ${code}` };
  if (pod?.metadata.deletionTimestamp !== undefined)
    return { endedBy: 'PodGone', message: `ended with its pod, ${code}` };
  if (terminated.exitCode === 137 && joined !== undefined && pod !== undefined && hasEnded(run, pod, joined)) {
    return {
      endedBy: 'Kubelet',
      message: `killed when container ${joined}, whose process namespace it shared, ended, ${code}`,
    };
  }
  if (KILLED.includes(terminated.exitCode) && pod !== undefined && hasFinished(pod))
    return { endedBy: 'Kubelet', message: `ended by the kubelet, because the pod had finished, ${code}` };
  return { endedBy: 'Command', message: `the command ended by itself, ${code}` };
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
