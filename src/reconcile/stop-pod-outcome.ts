import { STOP_EXIT } from '../api/stop-order.ts';
import type { ActionOutcome } from '../session/look/actions.ts';
import { oneLine } from '../text/one-line.ts';

/** A stop pod, as far as its end is concerned. */
export interface StopPod {
  metadata: { name: string; uid: string };
  status?: {
    phase?: string;
    startTime?: string;
    reason?: string;
    message?: string;
    containerStatuses?: { state?: ContainerState }[];
  };
}

interface ContainerState {
  waiting?: { reason?: string; message?: string };
  terminated?: { exitCode: number; reason?: string; message?: string };
}

/** Whether nothing more comes of it. */
export function isOver({ status }: StopPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/**
 * What came of a pod that is over, or was deleted. That the container has ended the kubelet has to say all the same.
 */
export function outcomeOf(pod: StopPod | undefined): ActionOutcome {
  const { status } = pod ?? {};
  const { terminated } = status?.containerStatuses?.[0]?.state ?? {};
  if (terminated?.exitCode === STOP_EXIT.stopped) return { kind: 'asked' };
  const ofPod = words(status?.reason, status?.message);
  if (terminated === undefined)
    return { kind: 'failed', message: `its stop pod did not run: ${ofPod || 'it was deleted'}` };
  const { exitCode, message, reason } = terminated;
  return withoutStop(exitCode, words(message) || ofPod || words(reason));
}

function withoutStop(exitCode: number, said: string): ActionOutcome {
  if (exitCode === STOP_EXIT.notRunning) return { kind: 'notRunning', message: said };
  return { kind: 'failed', message: `its stop pod ended with exit code ${exitCode}: ${said}` };
}

/** Why a pod is not over in time. */
export function notInTime(
  pod: StopPod | undefined,
  { nodeName, socket }: { nodeName: string; socket: string },
): ActionOutcome {
  const { status } = pod ?? {};
  if (status?.startTime === undefined)
    return { kind: 'unreachable', message: `node ${nodeName} has not taken up its stop pod` };
  if (status.phase !== 'Pending')
    return { kind: 'failed', message: `its stop pod has not ended in time on node ${nodeName}` };
  const { reason = CREATING, message } = status.containerStatuses?.[0]?.state?.waiting ?? {};
  const why = `its stop pod has not started on node ${nodeName}: ${words(reason, message)}`;
  // A volume that cannot be mounted is told in events alone.
  const hint = `; the container runtime may have no socket ${socket} there: give --cri-socket`;
  return { kind: 'failed', message: reason === CREATING ? `${why}${hint}` : why };
}

const CREATING = 'ContainerCreating';

/** Words of the kubelet, in one line. */
function words(...parts: (string | undefined)[]): string {
  return oneLine(parts.filter((part) => part !== undefined && part !== '').join(': '), 600);
}
