import type { EndedBy, Run } from '../../api/debugsession.ts';
import type { Pod, Terminated } from '../../api/pod.ts';
import { oneLine } from '../../text/one-line.ts';
import { saysExited, saysBegan } from './claims.ts';
import { containerStatus } from './container-status.ts';
import { hasEndedForGood } from './restarts.ts';

/** Who ended a container, in one word and in a sentence. */
export interface Who {
  endedBy: EndedBy;
  message: string;
}

/** An end of which neither the supervisor nor the operator is the cause. */
interface End {
  run: Run;
  terminated: Terminated;
  pod: Pod | undefined;
  /** The pod is not there any more, whether or not it was seen to go. */
  hasGone?: boolean;
  /** The container whose process namespace was joined. */
  joined: string | undefined;
}

/**
 * What the API server and the kubelet report, the surest first. The last two rest on the supervisor's word as well:
 * that it saw the command end, and was not asked to. Without a supervisor the exit code of a signal leaves the question
 * open.
 */
const EVIDENCE: readonly ((end: End) => Who | undefined)[] = [
  outOfMemory,
  withFailedPod,
  withDeletedPod,
  withJoined,
  withFinishedPod,
  fromOutside,
];

/** Tells what ended a container that neither the supervisor nor the operator has ended. */
export function whoEnded(end: End): Who {
  for (const evidence of EVIDENCE) {
    const who = evidence(end);
    if (who !== undefined) return who;
  }
  return { endedBy: 'Command', message: `The command ended by itself, ${codeOf(end.terminated)}` };
}

function outOfMemory({ terminated }: End): Who | undefined {
  if (terminated.reason !== 'OOMKilled' || terminated.exitCode !== 137) return undefined;
  return { endedBy: 'Kubelet', message: `The kernel killed it for lack of memory, ${codeOf(terminated)}` };
}

function withFailedPod(end: End): Who | undefined {
  const words = wasAsked(end) ? wordsOfFailedPod(end.pod) : undefined;
  if (words === undefined) return undefined;
  const message = `The kubelet ended it together with its pod, ${codeOf(end.terminated)}; ${words}`;
  return { endedBy: 'Kubelet', message };
}

function withDeletedPod(end: End): Who | undefined {
  const isGoing = end.pod?.metadata.deletionTimestamp !== undefined || (end.hasGone === true && wasAsked(end));
  return isGoing ? { endedBy: 'PodGone', message: `It ended with its pod, ${codeOf(end.terminated)}` } : undefined;
}

function withJoined({ run, terminated, pod, joined }: End): Who | undefined {
  if (terminated.exitCode !== 137 || joined === undefined || pod === undefined || !hasEnded(run, pod, joined))
    return undefined;
  const message = `It was killed when container ${joined}, whose process namespace it shared, ended, ${codeOf(terminated)}`;
  return { endedBy: 'Kubelet', message };
}

function withFinishedPod(end: End): Who | undefined {
  if (!wasAsked(end) || end.pod === undefined || !hasFinished(end.pod)) return undefined;
  return {
    endedBy: 'Kubelet',
    message: `The kubelet ended it because the pod had finished, ${codeOf(end.terminated)}`,
  };
}

function fromOutside(end: End): Who | undefined {
  if (!wasAsked(end) || saysExited(end.run, end.terminated)) return undefined;
  const message = `It was ended from outside or by a signal, and nothing says by whom, ${codeOf(end.terminated)}`;
  return { endedBy: 'Unknown', message };
}

/** TERM, and KILL when the grace period was over: a command that ends well when its pod does has ended by itself. */
const KILLED = [143, 137];

/** Whether something may have asked it to end. Under a supervisor that says so it may then end with any code. */
function wasAsked({ run, terminated }: End): boolean {
  return KILLED.includes(terminated.exitCode) || saysBegan(run, terminated);
}

/** The runtime counts each kill for lack of memory in the container, also of a child that the command has outlived. */
function codeOf({ exitCode, reason }: Terminated): string {
  const outlived = reason === 'OOMKilled' && exitCode !== 137;
  return `exit code ${exitCode}${outlived ? '; a process of it had been killed for lack of memory' : ''}`;
}

/**
 * What the kubelet says of a pod that it has failed as a whole, such as one that it evicted; undefined of any other.
 */
export function wordsOfFailedPod(pod: Pod | undefined): string | undefined {
  const { phase, reason, message = '' } = pod?.status ?? {};
  if (phase !== 'Failed' || reason === undefined) return undefined;
  return `the pod says: ${oneLine(`${reason}: ${message}`, 400).replace(/:$/, '')}`;
}

/**
 * Nothing of the pod's own runs any more, or will: the kubelet then ends what else runs in it, and only after that the
 * pod's phase says so.
 */
function hasFinished(pod: Pod): boolean {
  return pod.spec.containers.every(({ name }) => {
    const end = containerStatus(pod, name)?.state?.terminated;
    return end !== undefined && hasEndedForGood(pod, name, end.exitCode);
  });
}

/** A container that joined its target's process namespace dies with the target's PID 1. */
function hasEnded(run: Run, pod: Pod, target: string): boolean {
  const status = containerStatus(pod, target);
  return status?.state?.running === undefined || (status.restartCount ?? 0) > (run.before?.restartCount ?? 0);
}
