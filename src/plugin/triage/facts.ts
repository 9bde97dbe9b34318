import type { ContainerStatus, PodMeta, PodStatus } from '../../api/pod.ts';
import type { RawContainer, RawPodFields } from '../../policy/pod-fields.ts';
import type { SeenEvent } from './seen-events.ts';

// What a triage knows: the fields of objects of Kubernetes that it reads, as the API server sends them.

/** A core/v1 Probe. Times are in seconds. */
export interface SeenProbe {
  httpGet?: { path?: string; port: number | string; host?: string; scheme?: string };
  tcpSocket?: { port: number | string; host?: string };
  grpc?: { port: number; service?: string | null };
  exec?: { command?: string[] };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
}

export interface SeenContainerSpec extends RawContainer {
  image?: string;
  ports?: { name?: string; containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  readinessProbe?: SeenProbe;
  livenessProbe?: SeenProbe;
  startupProbe?: SeenProbe;
}

export interface SeenContainerStatus extends ContainerStatus {
  /** Its startup probe has succeeded, or it has none. */
  started?: boolean;
}

/** A core/v1 Pod. */
export interface SeenPod {
  metadata: Omit<PodMeta, 'annotations' | 'ownerReferences'> & {
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  };
  spec: Omit<RawPodFields, 'containers' | 'initContainers'> & {
    containers: SeenContainerSpec[];
    initContainers?: SeenContainerSpec[];
    ephemeralContainers?: { name: string; targetContainerName?: string }[];
    nodeName?: string;
    os?: { name: string };
    restartPolicy?: string;
    schedulerName?: string;
    schedulingGates?: { name: string }[];
    readinessGates?: { conditionType: string }[];
    imagePullSecrets?: { name?: string }[];
    terminationGracePeriodSeconds?: number;
    securityContext?: { runAsUser?: number; runAsNonRoot?: boolean };
  };
  status: Omit<PodStatus, 'containerStatuses' | 'initContainerStatuses'> & {
    podIP?: string;
    containerStatuses?: SeenContainerStatus[];
    initContainerStatuses?: SeenContainerStatus[];
  };
}

export interface SeenCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** A workload that owns the pod, directly or by another. */
export interface SeenWorkload {
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  };
  spec?: {
    replicas?: number;
    paused?: boolean;
    suspend?: boolean;
    backoffLimit?: number;
    selector?: { matchLabels?: Record<string, string> };
  };
  status?: { conditions?: SeenCondition[]; replicas?: number; readyReplicas?: number; failed?: number };
}

/** A core/v1 Node. */
export interface SeenNode {
  metadata: { name: string };
  spec?: { unschedulable?: boolean };
  status?: { conditions?: SeenCondition[] };
}

/** The last lines of a container's log. */
export interface LogTail {
  container: string;
  /** Of the container before its last restart. */
  isPrevious: boolean;
  lines: string[];
}

/** Everything that was found out, before anybody thinks about it. */
export interface Facts {
  /** Milliseconds since the epoch. */
  now: number;
  namespace: string;
  /** Absent: the workload has no pod. */
  pod?: SeenPod;
  /** Those of the pod's workload, the nearest first; of a workload that was asked about, that one. */
  workloads: SeenWorkload[];
  /** Of the pod and its workloads, newest first. */
  events: SeenEvent[];
  node?: SeenNode;
  logs: LogTail[];
}

/** The same of a pod that is there. */
export type PodFacts = Facts & { pod: SeenPod };
