/**
 * The few fields of a core/v1 Pod that a session needs. Pods are cut down to them while parsing: memory must not grow
 * with the cluster. A field that is added here does not compile until the tables in src/reconcile/trim.ts or
 * src/policy/pod-fields.ts say how it is made.
 */
export interface Pod {
  metadata: PodMeta;
  spec: PodSpec;
  status: PodStatus;
}

export interface PodMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  /** Its name was made of it: no other pod will have the same. */
  generateName?: string;
  creationTimestamp?: string;
  /** When the grace period ends, not when the deletion was asked for. */
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  /** All of them: a policy may select by any. */
  labels?: Record<string, string>;
  annotations?: PodAnnotations;
  ownerReferences?: OwnerReference[];
  /**
   * Length of the whole pod as JSON, in bytes, managedFields and status included: about what it takes in etcd, or more.
   */
  storedBytes?: number;
}

/** The annotations that are read. Every other one is cut off, and to read it does not compile. */
export interface PodAnnotations {
  /** Marks a pod that the kubelet made from a file; the API server's copy is only a mirror. */
  'kubernetes.io/config.mirror'?: string;
}

export interface OwnerReference {
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface PodSpec {
  nodeName?: string;
  os?: { name: string };
  /** The user of every container that names none, of `securityContext`. Absent: the image's. */
  runAsUser?: number;
  restartPolicy?: string;
  shareProcessNamespace?: boolean;
  hostPID?: boolean;
  hostNetwork?: boolean;
  hostIPC?: boolean;
  /** A container or init container of it is privileged; ephemeral ones do not count. */
  privileged?: boolean;
  /** What all its containers together may use. Absent: nothing limits them (src/policy/pod-limits.ts). */
  limits?: PodLimits;
  containers: PodContainer[];
  initContainers?: PodContainer[];
  ephemeralContainers?: PodEphemeralContainer[];
  volumes?: PodVolume[];
}

/** What the containers of a pod together may use, debug containers among them. */
export interface PodLimits {
  /** Bytes. */
  memory?: number;
  /** Thousandths of a core. */
  cpu?: number;
  /** Bytes of ephemeral storage. */
  storage?: number;
}

export interface PodEphemeralContainer {
  name: string;
  /**
   * The value of our own environment variable in it, by which a container of ours is told from one that took its name.
   */
  sessionUID?: string;
  /** The container whose process namespace it joins. */
  targetContainerName?: string;
  /** Of a container of ours: what it is made of. */
  makeup?: Makeup;
}

/** What admission changed of a container on its way into the pod. */
export interface Changes {
  /** The names of the fields, with the image that stands in the pod. In the order of the API. */
  fields: string[];
  /** The supervisor does not stand there as it was sent. */
  lostSupervisor: boolean;
}

/** The image of a container, and 8 hex digits of each other field that it has (src/session/container/makeup.ts). */
export interface Makeup {
  image: string;
  command?: string;
  args?: string;
  env?: string;
  envFrom?: string;
  workingDir?: string;
  volumeMounts?: string;
  stdin?: string;
  tty?: string;
  targetContainerName?: string;
  securityContext?: string;
  /** Of the variable that carries the supervisor. */
  supervisor?: string;
}

export interface PodContainer {
  name: string;
  /**
   * By what it amounts to the node without being privileged, such as `capability SYS_ADMIN` (src/policy/node-power.ts).
   */
  nodePower?: string;
  /**
   * Its own, which counts instead of the pod's (KEP-5307). An init container with `Always` runs for as long as the pod
   * does (KEP-753).
   */
  restartPolicy?: string;
  /** After which ends it is started again whatever its policy; the first that fits counts. */
  restartPolicyRules?: RestartRule[];
}

export interface RestartRule {
  /** `Restart` or `RestartAllContainers` (KEP-5532). */
  action: string;
  exitCodes?: { operator: string; values?: number[] };
}

/** Ephemeral containers do not count. */
export interface PodVolume {
  name: string;
  /** A container or init container mounts it. */
  mounted: boolean;
  /** A container that runs for as long as the pod does mounts it read-write. */
  writable?: true;
  /** It is a directory or file of the node. */
  hostPath?: true;
}

export interface PodStatus {
  phase?: string;
  /** Why the kubelet failed the pod as a whole (`Evicted`, `DeadlineExceeded`), and its words. */
  reason?: string;
  message?: string;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  ephemeralContainerStatuses?: ContainerStatus[];
}

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  imageID?: string;
  containerID?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Terminated;
}

export interface Terminated {
  exitCode: number;
  signal?: number;
  reason?: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  containerID?: string;
}
