import type { ContainerStatus, Pod } from '../../api/pod.ts';

/** The status of a regular or init container by its name. */
export function containerStatus(pod: Pod, name: string): ContainerStatus | undefined {
  return [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
    (status) => status.name === name,
  );
}
