import { cutter, KEPT } from '../api/cut.ts';
import type { DebugPolicy } from '../api/debugpolicy.ts';
import type { DebugSession } from '../api/debugsession.ts';
import type {
  ContainerStatus,
  OwnerReference,
  Pod,
  PodAnnotations,
  PodCondition,
  PodEphemeralContainer,
  PodMeta,
  PodSpec,
  PodStatus,
} from '../api/pod.ts';
import { JUDGED_FIELDS, type RawPodFields } from '../policy/pod-fields.ts';
import { UID_VARIABLE } from '../session/container/container.ts';
import { type ContainerFields, makeupOf } from '../session/container/makeup.ts';

/** A core/v1 Pod as the API server sends it, as far as we look. */
export interface RawPod {
  metadata: Pod['metadata'];
  spec?: RawPodSpec;
  status?: Pod['status'];
}

type RawPodSpec = Omit<PodSpec, 'ephemeralContainers' | 'privileged' | 'limits' | 'runAsUser' | keyof RawPodFields> &
  RawPodFields & { ephemeralContainers?: RawEphemeralContainer[]; securityContext?: { runAsUser?: number } };

interface RawEphemeralContainer extends ContainerFields {
  name: string;
}

const cutOwner = cutter<OwnerReference>({ kind: KEPT, name: KEPT, uid: KEPT, controller: KEPT });

const cutAnnotations = cutter<PodAnnotations>({ 'kubernetes.io/config.mirror': KEPT });

const cutMeta = cutter<PodMeta>({
  name: KEPT,
  namespace: KEPT,
  uid: KEPT,
  resourceVersion: KEPT,
  generateName: KEPT,
  creationTimestamp: KEPT,
  deletionTimestamp: KEPT,
  deletionGracePeriodSeconds: KEPT,
  labels: KEPT,
  annotations: ({ annotations = {} }) => {
    const read = cutAnnotations(annotations);
    return Object.keys(read).length > 0 ? read : undefined;
  },
  ownerReferences: ({ ownerReferences }) => ownerReferences?.map(cutOwner),
  // Of the whole pod: trimPod knows it.
  storedBytes: KEPT,
});

const cutEphemeralContainer = cutter<PodEphemeralContainer, RawEphemeralContainer>({
  name: KEPT,
  sessionUID,
  targetContainerName: KEPT,
  makeup: (whole) => (sessionUID(whole) === undefined ? undefined : makeupOf(whole)),
});

function sessionUID({ env }: RawEphemeralContainer): string | undefined {
  return env?.find((variable) => variable.name === UID_VARIABLE)?.value;
}

/** A spec as it was read. `known` has the ephemeral containers of the pod that were cut before, by name. */
type SpecAndKnown = RawPodSpec & { known?: ReadonlyMap<string, PodEphemeralContainer> | undefined };

const cutSpec = cutter<PodSpec, SpecAndKnown>({
  ...JUDGED_FIELDS,
  nodeName: KEPT,
  os: KEPT,
  runAsUser: ({ securityContext }) => securityContext?.runAsUser,
  restartPolicy: KEPT,
  ephemeralContainers: ({ ephemeralContainers, known }) =>
    ephemeralContainers?.map((one) => known?.get(one.name) ?? cutEphemeralContainer(one)),
});

const cutCondition = cutter<PodCondition>({
  type: KEPT,
  status: KEPT,
  reason: KEPT,
  message: KEPT,
  // Of one alone: probes and the scheduler move the others, and pods come by the thousands.
  lastTransitionTime: ({ type, lastTransitionTime }) => (type === 'DisruptionTarget' ? lastTransitionTime : undefined),
});

const cutContainerStatus = cutter<ContainerStatus>({
  name: KEPT,
  ready: KEPT,
  restartCount: KEPT,
  imageID: KEPT,
  containerID: KEPT,
  // Whole: we declare every field of them, and they are small.
  state: KEPT,
  lastState: KEPT,
});

const cutPodStatus = cutter<PodStatus>({
  phase: KEPT,
  reason: KEPT,
  message: KEPT,
  conditions: ({ conditions }) => conditions?.map(cutCondition),
  containerStatuses: ({ containerStatuses }) => containerStatuses?.map(cutContainerStatus),
  initContainerStatuses: ({ initContainerStatuses }) => initContainerStatuses?.map(cutContainerStatus),
  ephemeralContainerStatuses: ({ ephemeralContainerStatuses }) => ephemeralContainerStatuses?.map(cutContainerStatus),
});

const cutPod = cutter<Pod, { whole: RawPod; known: Pod | undefined }>({
  metadata: ({ whole }) => ({ ...cutMeta(whole.metadata), storedBytes: storedBytes(whole) }),
  spec: ({ whole: { spec }, known }) =>
    spec === undefined ? { containers: [] } : cutSpec({ ...spec, known: containersOf(known) }),
  status: ({ whole: { status } }) => (status === undefined ? {} : cutPodStatus(status)),
});

/**
 * Cuts a pod down to the few fields a session needs: a 12 KB pod becomes a few hundred bytes.
 * @param known the same pod as it was cut before. Its ephemeral containers are taken from there: nobody can change or
 * remove one (kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers), and their digests cost most of a cut.
 */
export function trimPod(whole: RawPod, known?: Pod): Pod {
  return cutPod({ whole, known: known?.metadata.uid === whole.metadata.uid ? known : undefined });
}

function containersOf(pod: Pod | undefined): Map<string, PodEphemeralContainer> | undefined {
  const containers = pod?.spec.ephemeralContainers;
  return containers && new Map(containers.map((one) => [one.name, one]));
}

/**
 * etcd has the pod as protobuf, which writes no names of fields; strings, which a large pod consists of, have the same
 * length there. So JSON is a little longer, and errs to the safe side. To write it takes less time than to have read
 * it, and no request.
 */
function storedBytes(whole: object): number {
  return Buffer.byteLength(JSON.stringify(whole));
}

/**
 * Keeps the whole session but for what nobody here reads: managedFields, which are half of a stored session, and
 * annotations, of which kubectl apply makes one with the whole request. An update of the status changes neither in the
 * cluster.
 */
export function trimSession(session: DebugSession): DebugSession {
  const metadata: DebugSession['metadata'] & { managedFields?: unknown } = { ...session.metadata };
  delete metadata.managedFields;
  delete metadata.annotations;
  return { ...session, metadata };
}

const cutPolicyMeta = cutter<DebugPolicy['metadata']>({
  name: KEPT,
  uid: KEPT,
  resourceVersion: KEPT,
  generation: KEPT,
});

/** Cuts a policy down to its spec and the few fields of its metadata that are declared. */
export const trimPolicy = cutter<DebugPolicy>({
  apiVersion: KEPT,
  kind: KEPT,
  metadata: ({ metadata }) => cutPolicyMeta(metadata),
  spec: KEPT,
});
