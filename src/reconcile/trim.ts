import type { DebugSession } from '../api/debugsession.ts';
import type { ContainerStatus, Pod, PodMeta, PodSpec, PodStatus } from '../api/pod.ts';
import { judgedFields, type RawPodFields } from '../policy/pod-fields.ts';
import { UID_VARIABLE } from '../session/container/container.ts';
import { MIRROR_ANNOTATION } from '../session/start/preflight.ts';

/** A core/v1 Pod as the API server sends it, as far as we look. */
export interface RawPod {
  metadata: Pod['metadata'];
  spec?: Omit<PodSpec, 'ephemeralContainers' | 'privileged' | keyof RawPodFields> &
    RawPodFields & {
      ephemeralContainers?: { name: string; env?: { name: string; value?: string }[] }[];
    };
  status?: Pod['status'];
}

/** Cuts a pod down to the few fields a session needs: a 12 KB pod becomes a few hundred bytes. */
export function trimPod({ metadata, spec, status }: RawPod): Pod {
  return {
    metadata: trimMeta(metadata),
    spec: spec === undefined ? { containers: [] } : trimSpec(spec),
    status: status === undefined ? {} : trimPodStatus(status),
  };
}

function trimMeta(metadata: RawPod['metadata']): PodMeta {
  const mirror = metadata.annotations?.[MIRROR_ANNOTATION];
  return defined({
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    creationTimestamp: metadata.creationTimestamp,
    deletionTimestamp: metadata.deletionTimestamp,
    labels: metadata.labels,
    annotations: mirror === undefined ? undefined : { [MIRROR_ANNOTATION]: mirror },
    ownerReferences: metadata.ownerReferences?.map(({ kind, name, uid, controller }) => ({
      kind,
      name,
      uid,
      controller,
    })),
  });
}

function trimSpec(spec: NonNullable<RawPod['spec']>): PodSpec {
  return defined({
    nodeName: spec.nodeName,
    os: spec.os,
    restartPolicy: spec.restartPolicy,
    shareProcessNamespace: spec.shareProcessNamespace,
    hostPID: spec.hostPID,
    hostNetwork: spec.hostNetwork,
    hostIPC: spec.hostIPC,
    ephemeralContainers: spec.ephemeralContainers?.map(({ name, env }) =>
      defined({ name, sessionUID: env?.find((variable) => variable.name === UID_VARIABLE)?.value }),
    ),
    ...judgedFields(spec),
  });
}

function trimPodStatus(status: PodStatus): PodStatus {
  return defined({
    phase: status.phase,
    conditions: status.conditions?.map(({ type, status: value, reason, message }) =>
      defined({ type, status: value, reason, message }),
    ),
    containerStatuses: status.containerStatuses?.map(trimStatus),
    initContainerStatuses: status.initContainerStatuses?.map(trimStatus),
    ephemeralContainerStatuses: status.ephemeralContainerStatuses?.map(trimStatus),
  });
}

function trimStatus({
  name,
  ready,
  restartCount,
  imageID,
  containerID,
  state,
  lastState,
}: ContainerStatus): ContainerStatus {
  return defined({ name, ready, restartCount, imageID, containerID, state, lastState });
}

/** Without the keys whose value is undefined, which would cost memory for nothing. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** managedFields are half of a stored session, and nobody here reads them. */
export function trimSession(session: DebugSession): DebugSession {
  const metadata: DebugSession['metadata'] & { managedFields?: unknown } = { ...session.metadata };
  delete metadata.managedFields;
  return { ...session, metadata };
}
