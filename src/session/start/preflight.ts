import { containerStatus } from '../run/container-status.ts';
import { oneLine } from '../../text/one-line.ts';
import type { ContainerStatus, Pod } from '../../api/pod.ts';
import { later, never, type Objection } from '../look/objection.ts';
import { notSetUp, nothingIsAddedTo } from '../run/nothing-starts.ts';
import { hasEndedForGood } from '../run/restarts.ts';

/**
 * At most this many ephemeral containers in a pod. Kubernetes has no limit of its own (KEP-277), but a pod's 12 KiB of
 * termination messages are shared by all its containers, its application's included, and the list never shrinks: 50
 * leave every container about 240 bytes.
 */
export const MAX_EPHEMERAL_CONTAINERS = 50;

/**
 * etcd stores 1.5 MiB of an object (--max-request-bytes). A pod beyond that is stuck: the kubelet cannot write its
 * status, so its readiness stays as it was and it is never gone after its deletion. Half of it is for others: what
 * controllers, webhooks and the kubelet write later cannot be refused here.
 */
const MAX_POD_BYTES = 768 * 1024;
/**
 * What one debug container may add: 16 KiB of words (the CRD counts them), the supervisor's script, and the names of
 * its fields, variables and mounts, which stand in managedFields once more.
 */
const CONTAINER_BYTES = 64 * 1024;
/**
 * What the kubelet may report of all of them later: 12 KiB of termination messages, the same of `lastState` (kubelet,
 * normalizeStatus), and some 800 bytes for each of 50 containers.
 */
const REPORT_BYTES = 64 * 1024;

/** What is asked of a pod. */
export interface Wanted {
  /** The container whose process namespace is joined. */
  containerName?: string | undefined;
  /** The volumes that are mounted, by name. */
  volumes?: readonly string[] | undefined;
  /** How many ephemeral containers the policy lets a pod have. */
  maxContainers?: number | undefined;
}

type Check = (pod: Pod, wanted: Wanted) => Objection | undefined;

/**
 * The look before the leap: the API server accepts an injection into pods where the kubelet never starts it (finished,
 * terminating, unscheduled pods; validation.go checks only the target's name and the mirror case). Ordered: the first
 * that objects is the answer.
 */
const CHECKS: readonly Check[] = [
  notStatic,
  canStart,
  notWindows,
  targetKnown,
  volumesMounted,
  scheduled,
  notSetUp,
  roomLeft,
  targetRunning,
];

/** What stands against the injection of a debug container into this pod now. */
export function preflight(pod: Pod, wanted: Wanted): Objection | undefined {
  for (const check of CHECKS) {
    const objection = check(pod, wanted);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function notStatic(pod: Pod): Objection | undefined {
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined) return undefined;
  return never(
    'StaticPod',
    `Pod ${pod.metadata.name} is a static pod: its node runs it from a file, and Kubernetes takes no ephemeral containers for it; use kubectl debug node/${pod.spec.nodeName ?? 'NODE'}`,
  );
}

function canStart(pod: Pod): Objection | undefined {
  const objection = nothingIsAddedTo(pod);
  if (objection === undefined) return undefined;
  const { reason, message } = objection;
  if (reason === 'PodFinished')
    return never(reason, `${message}. Read its logs, or debug a copy with kubectl debug --copy-to`);
  const lost = neverComesBack(pod);
  if (lost !== undefined) return never(reason, `${message}; ${lost}`);
  return later(reason, `${message}; waiting for a pod of that name to come back`);
}

/**
 * Why no other pod of this name comes, and what to do, if none does: a name that was generated is never generated
 * again.
 */
export function neverComesBack({ metadata: { generateName, ownerReferences } }: Pod): string | undefined {
  if (generateName === undefined) return undefined;
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  const whose = owner === undefined ? 'its name was generated' : `${owner.kind} ${owner.name} generated its name`;
  return `${whose}, so no pod of that name comes back: name its workload in target.workloadRef, or another pod`;
}

function notWindows(pod: Pod): Objection | undefined {
  if (pod.spec.os?.name !== 'windows') return undefined;
  return never('WindowsNode', `Pod ${pod.metadata.name} runs on Windows, and debug sessions work on Linux only`);
}

function targetKnown(pod: Pod, { containerName }: Wanted): Objection | undefined {
  if (containerName === undefined) return undefined;
  const names = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map((container) => container.name);
  if (names.includes(containerName)) return undefined;
  return never(
    'TargetContainerNotFound',
    `Pod ${pod.metadata.name} has no container ${oneLine(containerName, 63)}; it has ${names.join(', ')}`,
  );
}

/**
 * The API server knows which volumes a pod has, and takes one that no container mounts. The kubelet then has to set it
 * up, and while it fails to it starts nothing in the pod any more, the application neither, for as long as the
 * container stands in the spec: for ever.
 */
function volumesMounted(
  { metadata, spec: { volumes = [] } }: Pod,
  { volumes: wanted = [] }: Wanted,
): Objection | undefined {
  const unknown = wanted.find((name) => !volumes.some((volume) => volume.name === name));
  if (unknown !== undefined) {
    const names = volumes.length === 0 ? 'none' : volumes.map(({ name }) => name).join(', ');
    const what = `Pod ${metadata.name} has no volume ${oneLine(unknown, 63)}; it has ${names}`;
    return never('VolumeNotFound', what);
  }
  const unmounted = wanted.find((name) => !volumes.some((volume) => volume.name === name && volume.mounted));
  if (unmounted === undefined) return undefined;
  return never(
    'VolumeNotMounted',
    `No container of pod ${metadata.name} mounts its volume ${unmounted}. If the kubelet could not set it up, nothing of the pod could start any more; choose a volume that a container mounts`,
  );
}

function scheduled(pod: Pod): Objection | undefined {
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') return undefined;
  const condition = pod.status.conditions?.find((candidate) => candidate.type === 'PodScheduled');
  const why = condition?.message === undefined ? '' : `: ${oneLine(condition.message, 300)}`;
  return later('PodNotScheduled', `Pod ${pod.metadata.name} has no node yet${why}`);
}

/** Why the pod cannot take one more, if it cannot. Also asked once more right before the injection. */
export function roomLeft(pod: Pod, wanted: Wanted): Objection | undefined {
  return fewEnough(pod, wanted) ?? smallEnough(pod);
}

function fewEnough(pod: Pod, { maxContainers }: Wanted): Objection | undefined {
  const count = pod.spec.ephemeralContainers?.length ?? 0;
  const most = Math.min(maxContainers ?? MAX_EPHEMERAL_CONTAINERS, MAX_EPHEMERAL_CONTAINERS);
  if (count < most) return undefined;
  return never(
    'TooManyEphemeralContainers',
    `Pod ${pod.metadata.name} has ${count} ephemeral containers; at most ${most} are allowed, and Kubernetes never removes one. Restart the pod, or debug another`,
  );
}

function smallEnough({ metadata: { name, storedBytes = 0 } }: Pod): Objection | undefined {
  const grown = storedBytes + CONTAINER_BYTES + REPORT_BYTES;
  if (grown <= MAX_POD_BYTES) return undefined;
  return never(
    'PodTooLarge',
    `Pod ${name} takes ${kib(storedBytes)} KiB; with one more debug container and what the kubelet reports it could take ${kib(grown)} KiB. At most ${kib(MAX_POD_BYTES)} KiB are allowed, half of what etcd stores: a pod beyond that cannot change or be deleted any more. Restart the pod, or debug another`,
  );
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

function targetRunning(pod: Pod, { containerName }: Wanted): Objection | undefined {
  if (containerName === undefined) return undefined;
  const status = containerStatus(pod, containerName);
  if (status?.state?.running !== undefined) return undefined;
  const exitCode = status?.state?.terminated?.exitCode;
  if (exitCode !== undefined && hasEndedForGood(pod, containerName, exitCode)) {
    return never(
      'TargetContainerFinished',
      `Container ${containerName} of pod ${pod.metadata.name} has ended for good (${describeState(status)}): its restart policy does not start it again. Its process namespace is gone; leave target.containerName out, or name a container that runs`,
    );
  }
  return later(
    'TargetContainerNotRunning',
    `Container ${containerName} of pod ${pod.metadata.name} is not running (${describeState(status)}). Its process namespace can be joined only while it runs; leave target.containerName out to debug the pod without it`,
  );
}

/** A few words on the state of a container that does not run: `waiting: CrashLoopBackOff, exited 1 before`. */
function describeState(status: ContainerStatus | undefined): string {
  const { waiting, terminated } = status?.state ?? {};
  const last = status?.lastState?.terminated;
  const before = last === undefined ? '' : `, exited ${last.exitCode} before`;
  if (terminated !== undefined) return `terminated: ${terminated.reason ?? 'exited'} ${terminated.exitCode}`;
  return `waiting: ${oneLine(waiting?.reason ?? 'not started', 100)}${before}`;
}
