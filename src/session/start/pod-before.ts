import type { ContainerStatus, Pod, Terminated } from '../../api/pod.ts';
import type { PodBefore } from '../../api/debugsession.ts';
import { oneLine } from '../../text/one-line.ts';
import { containerStatus } from '../run/container-status.ts';

/** How bad a container looks: the higher, the worse. Decides which one is shown where the session names none. */
function severity(status: ContainerStatus): number {
  if (status.state?.terminated !== undefined) return status.state.terminated.exitCode === 0 ? 2 : 5;
  // Of one that init containers hold up: they are to blame.
  if (status.state?.waiting?.reason === 'PodInitializing') return 3;
  if (status.state?.waiting !== undefined) return 6;
  if (status.ready === true) return (status.restartCount ?? 0) > 0 ? 1 : 0;
  return 4;
}

/** The first of the worst. */
function worst(statuses: readonly ContainerStatus[]): ContainerStatus | undefined {
  let found: ContainerStatus | undefined;
  for (const status of statuses) if (found === undefined || severity(status) > severity(found)) found = status;
  return found;
}

/**
 * What can be to blame. An init container that has done its part cannot; of one that failed, or runs on as a sidecar,
 * the others may wait.
 */
function candidates({ status: { initContainerStatuses = [], containerStatuses = [] } }: Pod): ContainerStatus[] {
  const isDone = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0;
  const held = initContainerStatuses.filter((status) => !isDone(status) && !isHealthy(status));
  return [...held, ...containerStatuses];
}

function isHealthy(status: ContainerStatus): boolean {
  return status.ready === true && (status.restartCount ?? 0) === 0;
}

/**
 * How the pod looked when the intent was written, from its target container or, without one, from its worst container,
 * init containers and sidecars among them. It is what an incident review asks first, and the pod may be gone by then.
 */
export function podBefore(pod: Pod, containerName: string | undefined): PodBefore {
  const status = containerName === undefined ? worst(candidates(pod)) : containerStatus(pod, containerName);
  const ready = pod.status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
  return { phase: pod.status.phase ?? 'Unknown', ready, ...(status === undefined ? {} : containerFields(status)) };
}

function containerFields(status: ContainerStatus): Partial<PodBefore> {
  const { waiting, terminated, running } = status.state ?? {};
  const reason = waiting?.reason ?? terminated?.reason;
  return {
    containerName: status.name,
    restartCount: status.restartCount ?? 0,
    state: running ? 'running' : terminated ? 'terminated' : 'waiting',
    ...(reason !== undefined && { reason: oneLine(reason, 100) }),
    ...(terminated && { exitCode: terminated.exitCode }),
    ...(status.lastState?.terminated && { lastTermination: lastTermination(status.lastState.terminated) }),
  };
}

function lastTermination({ reason, exitCode, finishedAt }: Terminated): NonNullable<PodBefore['lastTermination']> {
  return {
    ...(reason !== undefined && { reason: oneLine(reason, 100) }),
    exitCode,
    ...(finishedAt !== undefined && { finishedAt }),
  };
}
