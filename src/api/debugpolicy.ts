import type { IfUnstoppable, PodAfterSession } from './debugsession.ts';
import type { Profile } from './profiles.ts';
import type { LabelSelector } from './label-selector.ts';

/**
 * The DebugPolicy resource: what may be asked for by those who hold the verb `use` on it in the namespace of their
 * session. The CRD (crds/) is the contract; test/unit/crd-types.test.ts keeps the two in step. What is not named in it
 * is refused.
 */

export const POLICY_KIND = 'DebugPolicy';
export const POLICY_PLURAL = 'debugpolicies';
/** The policy of a session that names none. */
export const DEFAULT_POLICY = 'default';

/** What a policy may open besides images, profiles and times. */
export type Allowance =
  /**
   * To join the process namespace of a container of the pod: spec.target.containerName, and pods with
   * shareProcessNamespace.
   */
  | 'TargetContainer'
  /** spec.env with values written down. */
  | 'Env'
  /** Variables out of secrets and config maps: spec.env[].valueFrom, spec.envFrom. */
  | 'SecretEnv'
  /** Fields of spec.securityContext that may open something. Those that only take away need nothing. */
  | 'SecurityContext'
  /**
   * Volumes of the pod: its secrets and its token among them. Read-write only what a container of the pod mounts
   * read-write.
   */
  | 'VolumeMounts'
  | 'SupervisorNone'
  /** ifUnstoppable: EvictPod, podAfterSession: Evict. What the policy demands itself needs no allowance. */
  | 'EvictPod'
  /** Pods with a privileged container, or one that amounts to it (src/policy/node-power.ts). */
  | 'PrivilegedPods'
  /** Pods with hostPID, hostNetwork or hostIPC; with VolumeMounts, volumes that are a hostPath. */
  | 'HostPods'
  /** Namespaces named kube-*, and the operator's own. */
  | 'SystemNamespaces'
  | 'Attachers';

/** What a policy may require of the container of a session (src/policy/requirements.ts says what satisfies it). */
export type Requirement =
  /** No process of it is or becomes root: the profile restricted, or another user and no privilege escalation. */
  | 'NonRoot'
  /** It has no capability: the profile restricted, or drop ALL and add none. */
  | 'NoCapabilities'
  /** securityContext.readOnlyRootFilesystem. */
  | 'ReadOnlyRootFilesystem'
  /** It shares a process namespace with no container of the pod. */
  | 'NoJoin';

/**
 * When a container that has to end is ended by the runtime of its node, in a cluster that allows it
 * (config/components/node-stop).
 */
export type StopBy =
  /** Where nothing inside the container ends it. */
  | 'InsideFirst'
  /** At once: nothing inside is asked before. */
  | 'NodeFirst'
  /** Never. */
  | 'InsideOnly';

/**
 * What a session meets whose node runs short, or whose pod's limits leave too little room for a debug container
 * (src/policy/headroom.ts).
 */
export type OnPressure =
  /** The container is injected, and an event says what is short. */
  | 'Warn'
  /** It is refused. */
  | 'Refuse';

/** Live sessions; absent: no limit. */
export interface PolicyLimits {
  perPod?: number;
  /** Of one requester, in all namespaces together. */
  perUser?: number;
  perNamespace?: number;
  /** Of one requester in the pod, so that one cannot hold all of its places. */
  perUserPerPod?: number;
  /**
   * That share one process namespace, and so are open to each other: those that join one container, or all in a pod
   * that shares its own.
   */
  perTarget?: number;
  /**
   * Sessions of one requester that wait, for whatever it is, in all namespaces together. One more is refused. Absent:
   * 50.
   */
  waitingPerUser?: number;
  /** Ephemeral containers of a pod, whoever made them, those that have ended too: Kubernetes never removes one. */
  containersPerPod?: number;
}

export interface PolicyTtl {
  /** Of a session that says none. Absent: 30m, or max where that is shorter. */
  default?: string;
  /** Absent: 4h. */
  max?: string;
}

/** What `kubectl dbg` asks for where the person says nothing. Nothing else looks at it. */
export interface PolicyDefaults {
  /** Absent: the default of `kubectl dbg`. */
  image?: string;
  /** Absent: DefaultContainer where `allow` has TargetContainer, else None. */
  target?: 'DefaultContainer' | 'None';
}

/** Someone whose sessions need no approval. */
export interface ExemptRequester {
  kind: 'User' | 'Group' | 'ServiceAccount';
  name: string;
  /** Of a ServiceAccount. Absent: the session's. */
  namespace?: string;
}

/** The approvals by other people than the requester that a policy demands. */
export interface PolicyApproval {
  /** How many people have to approve: 1 to 3. */
  required: number;
  /** For how long an approval counts, from its creation to the start of the run. Absent: 1h. */
  validFor?: string;
  /** Absent: nobody is exempt. */
  exempt?: ExemptRequester[];
  /** True: a run ends when one of its approvals is deleted, or an approver denies it. Absent: it goes on. */
  revokeRunning?: boolean;
}

export interface DebugPolicySpec {
  /** Labels of the session's namespace. Absent: all, but for system namespaces. */
  namespaceSelector?: LabelSelector;
  /** Labels of the pod. Absent: all. */
  podSelector?: LabelSelector;
  /** Patterns of whole image references. Absent: none. */
  images?: string[];
  /** Absent: none. */
  profiles?: Profile[];
  ttl?: PolicyTtl;
  limits?: PolicyLimits;
  /** Absent: nothing. */
  allow?: Allowance[];
  /** What the session itself has to satisfy, all of it. Absent: nothing. */
  require?: Requirement[];
  /**
   * EvictPod: the pod of a container that nothing inside it ends is evicted, whatever its session says. Absent: Report,
   * so the session decides.
   */
  onUnstoppable?: IfUnstoppable;
  /** Absent: Warn. */
  onPressure?: OnPressure;
  /** Absent: InsideFirst. */
  stopBy?: StopBy;
  /**
   * Evict: a pod that somebody has been inside is evicted, whatever its session says. Absent: Keep, so the session
   * decides.
   */
  podAfterSession?: PodAfterSession;
  defaults?: PolicyDefaults;
  /** Other people have to approve each attempt before it starts. Absent: nobody is asked. */
  approval?: PolicyApproval;
  requireJustification?: boolean;
  requireNotAfter?: boolean;
  /** True: what this policy does not allow (any more) is ended while it runs. */
  revokeRunning?: boolean;
}

export interface DebugPolicy {
  apiVersion: string;
  kind: string;
  metadata: { name: string; uid: string; resourceVersion: string; generation?: number };
  spec: DebugPolicySpec;
}
