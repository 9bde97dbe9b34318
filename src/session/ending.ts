import type { EndedBy, Run } from '../api/debugsession.ts';
import type { Pod, Terminated } from '../api/pod.ts';
import type { FailureReason } from '../api/reasons.ts';
import { oneLine } from '../text/one-line.ts';
import { containerStatus } from './preflight.ts';
import { COMMAND_NOT_FOUND, DEADLINE, TOO_LATE, UNSUPPORTED } from './supervisor.ts';

/** What a terminated container means for its run. */
export type Ending =
  | { kind: 'ended'; outcome: 'Exited' | 'Expired'; endedBy: EndedBy; message: string }
  | { kind: 'failed'; reason: FailureReason; message: string };

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
  if (supervisorWord(run, terminated) === DEADLINE) {
    const message = `ended by its supervisor after ${run.effective?.ttl ?? 'its ttl'}`;
    return { kind: 'ended', outcome: 'Expired', endedBy: 'Supervisor', message };
  }
  return { kind: 'ended', outcome: 'Exited', ...whoEnded(run, terminated, scene) };
}

function supervisorWord(run: Run, terminated: Terminated): string | undefined {
  return run.effective?.supervisor === 'Shell' ? terminated.message?.trim() : undefined;
}

function startFailure(run: Run, terminated: Terminated): Ending | undefined {
  const said = oneLine(terminated.message ?? '', 600);
  if (terminated.reason === 'StartError' || terminated.reason === 'ContainerCannotRun') {
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
  switch (supervisorWord(run, terminated)) {
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
  return { endedBy: 'Command', message: `the command ended by itself, ${code}` };
}

/** A container that joined its target's process namespace dies with the target's PID 1. */
function hasEnded(run: Run, pod: Pod, target: string): boolean {
  const status = containerStatus(pod, target);
  return status?.state?.running === undefined || (status.restartCount ?? 0) > (run.before?.restartCount ?? 0);
}
