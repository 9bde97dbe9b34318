/** A key of a secret or a config map. */
export interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

/** All keys of a secret or a config map. */
export interface SourceRef {
  name: string;
  optional?: boolean;
}

/** Exactly one of the two. */
export interface EnvVarSource {
  secretKeyRef?: KeyRef;
  configMapKeyRef?: KeyRef;
}

/** At most one of value and valueFrom. */
export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: EnvVarSource;
}

/** Exactly one of secretRef and configMapRef. */
export interface EnvFromSource {
  prefix?: string;
  secretRef?: SourceRef;
  configMapRef?: SourceRef;
}

/** A volume of the pod. Without subPath and subPathExpr, which Kubernetes forbids in ephemeral containers. */
export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
}

/** core/v1 Capabilities. */
export interface Capabilities {
  add?: string[];
  drop?: string[];
}

/** The subset of core/v1 SecurityContext that a Linux ephemeral container may carry. */
export interface SecurityContext {
  allowPrivilegeEscalation?: boolean;
  capabilities?: Capabilities;
  privileged?: boolean;
  readOnlyRootFilesystem?: boolean;
  runAsGroup?: number;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seccompProfile?: { type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'; localhostProfile?: string };
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** The fields of a core/v1 EphemeralContainer that we set. */
export interface EphemeralContainer {
  name: string;
  image: string;
  imagePullPolicy?: PullPolicy;
  command?: string[];
  args?: string[];
  env: EnvVar[];
  envFrom?: EnvFromSource[];
  volumeMounts?: VolumeMount[];
  workingDir?: string;
  stdin?: boolean;
  tty?: boolean;
  terminationMessagePolicy: 'File';
  targetContainerName?: string;
  securityContext?: SecurityContext;
}
