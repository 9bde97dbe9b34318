import type { Pod } from '../../api/pod.ts';
import { oneLine } from '../../text/one-line.ts';
import { later, never, type Objection } from '../look/objection.ts';

/** Why nothing can be started in a container's pod any more. */
export function nothingStartsIn(pod: Pod): Objection<'PodFinished' | 'PodTerminating'> | undefined {
  const { metadata, status } = pod;
  if (status.phase === 'Succeeded' || status.phase === 'Failed')
    return never('PodFinished', `Pod ${metadata.name} has finished (${status.phase}), and nothing can start in it`);
  return terminating(pod);
}

/**
 * Why no container can be added to this pod any more. Each pod that is deleted is finished for a moment before it is
 * gone, and another of its name may follow: so that it is being deleted comes first.
 */
export function nothingIsAddedTo(pod: Pod): Objection<'PodFinished' | 'PodTerminating'> | undefined {
  return terminating(pod) ?? nothingStartsIn(pod);
}

function terminating({ metadata: { name, deletionTimestamp } }: Pod): Objection<'PodTerminating'> | undefined {
  if (deletionTimestamp === undefined) return undefined;
  return later('PodTerminating', `Pod ${name} is terminating, and nothing can start in it`);
}

/**
 * Why nothing can be started in this pod yet: its node has not set it up. The kubelet makes volumes, sandbox and
 * network of a pod before any container, an ephemeral one too, and says so by the condition PodReadyToStartContainers
 * (on by default since Kubernetes 1.29; with a message since 1.37). What it says of the cause stands in the pod's
 * events; of a container that waits it may say some of it.
 */
export function notSetUp(pod: Pod): Objection<'PodNotReadyToStartContainers'> | undefined {
  const { metadata, spec, status } = pod;
  const what = `Pod ${metadata.name} is not ready to start containers`;
  const isReported = status.phase !== 'Pending' || (status.containerStatuses ?? []).length > 0;
  if (!isReported) {
    const message = `${what}: the kubelet of node ${spec.nodeName} has not reported it yet`;
    return later('PodNotReadyToStartContainers', message);
  }
  const condition = pod.status.conditions?.find(({ type }) => type === 'PodReadyToStartContainers');
  if (condition?.status !== 'False') return undefined;
  const words = wordsOfWaiting({ ...status, said: condition.message });
  const message = `${what}: its volumes, sandbox or network are missing${words}; kubectl describe pod ${metadata.name} shows why in its events`;
  return later('PodNotReadyToStartContainers', message);
}

/** What the kubelet says: of the pod, else of the first container that waits. */
function wordsOfWaiting({
  said,
  initContainerStatuses = [],
  containerStatuses = [],
}: Pick<Pod['status'], 'initContainerStatuses' | 'containerStatuses'> & { said: string | undefined }): string {
  const waiting = [...initContainerStatuses, ...containerStatuses].find(({ state }) => state?.waiting !== undefined);
  const { reason, message } = waiting?.state?.waiting ?? {};
  const words = said ?? [reason, message].filter((word) => word !== undefined && word !== '').join(': ');
  if (words === '') return '';
  return ` (${oneLine(said === undefined ? `container ${waiting?.name} waits: ${words}` : words, 300)})`;
}
