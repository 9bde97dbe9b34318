import { type ServiceError, status } from '@grpc/grpc-js';
import { STOP_EXIT, type StopOrder } from '../api/stop-order.ts';
import { oneLine } from '../text/one-line.ts';
import type { Runtime, RuntimeContainer } from './runtime.ts';

/** What came of an order: an exit code and the words for people, one line. */
export interface Verdict {
  exit: (typeof STOP_EXIT)[keyof typeof STOP_EXIT];
  message: string;
}

/** The kubelet's labels on every container that it makes (pkg/kubelet/types/labels.go). */
const LABELS = {
  containerName: 'io.kubernetes.container.name',
  podUID: 'io.kubernetes.pod.uid',
  podNamespace: 'io.kubernetes.pod.namespace',
  podName: 'io.kubernetes.pod.name',
} as const;

/**
 * Ends the container of an order, and no other: first the runtime says what the container of this ID is. Its labels are
 * the kubelet's, and nobody in a container can change them.
 */
export async function stopContainer(runtime: Runtime, order: StopOrder): Promise<Verdict> {
  try {
    const refused = objection(await runtime.containerStatus(order.containerID), order);
    if (refused !== undefined) return refused;
    await runtime.stopContainer(order.containerID, Number(order.graceSeconds));
    return { exit: STOP_EXIT.stopped, message: `container ${order.containerID} was stopped` };
  } catch (error) {
    return explain(error, order);
  }
}

function objection(found: RuntimeContainer | undefined, order: StopOrder): Verdict | undefined {
  const refuse = (why: string): Verdict => ({
    exit: STOP_EXIT.refused,
    message: oneLine(`refused: container ${order.containerID} ${why}`, 900),
  });
  // A runtime finds a container by the beginning of its ID as well.
  if (found?.id !== order.containerID) return refuse('is not what the runtime answers for');
  for (const part of Object.keys(LABELS) as (keyof typeof LABELS)[]) {
    const value = found.labels[LABELS[part]] ?? '';
    if (value !== order[part]) return refuse(`has the label ${LABELS[part]}=${value}, not ${order[part]}`);
  }
  if (found.state === 'CONTAINER_EXITED')
    return { exit: STOP_EXIT.notRunning, message: `container ${order.containerID} has ended before` };
  return found.state === 'CONTAINER_RUNNING' ? undefined : refuse(`does not run: ${found.state}`);
}

function explain(error: unknown, { containerID }: StopOrder): Verdict {
  const { code, details = String(error) } = error as Partial<ServiceError>;
  if (code === status.NOT_FOUND)
    return { exit: STOP_EXIT.notRunning, message: `the runtime of this node has no container ${containerID}` };
  const late = code === status.DEADLINE_EXCEEDED;
  // grpc-js ends its words with the heading of a note that it has not got.
  const why = late ? 'it did not answer in time' : details.replace(/\s*Resolution note:\s*$/, '');
  return { exit: STOP_EXIT.failed, message: oneLine(`the runtime did not stop container ${containerID}: ${why}`, 900) };
}
