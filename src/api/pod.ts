/** The few fields of a core/v1 Pod that a session needs. Pods are cut down to them while parsing: memory must not grow with the cluster. */
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
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface PodSpec {
  nodeName?: string;
  os?: { name: string };
  restartPolicy?: string;
  shareProcessNamespace?: boolean;
  hostPID?: boolean;
  hostNetwork?: boolean;
  hostIPC?: boolean;
  /** A container or init container of it is privileged; ephemeral ones do not count. */
  privileged?: boolean;
  containers: { name: string }[];
  initContainers?: { name: string }[];
  /** `sessionUID` is the value of our own environment variable in it, by which a container of ours is told from one that took its name. */
  ephemeralContainers?: { name: string; sessionUID?: string }[];
  /** `mounted`: a container or init container of it mounts the volume; ephemeral ones do not count. */
  volumes?: { name: string; mounted: boolean }[];
}

export interface PodStatus {
  phase?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
  ephemeralContainerStatuses?: ContainerStatus[];
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  image?: string;
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
