import type { Allowance, Requirement } from './debugpolicy.ts';
import type { Profile } from './profiles.ts';
import type { EnvFromSource, EnvVar, PullPolicy, SecurityContext, VolumeMount } from './ephemeral-container.ts';

/**
 * The DebugSession resource as TypeScript sees it. The CRD (crds/) is the contract; test/unit/crd-types.test.ts keeps
 * the two in step. All times are RFC 3339 strings in UTC, all durations are GEP-2257 strings (see duration.ts).
 */

/** API group of every resource of this project. */
export const GROUP = 'debugsession.dev';
/** The served and stored version. */
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = 'DebugSession';
export const PLURAL = 'debugsessions';
/**
 * Stands on a session from the intent of a run, or from its creation, until that run has ended, so that a delete cannot
 * forget a live container.
 */
export const FINALIZER = `${GROUP}/container`;
/**
 * Goes on and off with the finalizer, its value is `true`: by it the attach guard (config/admission) finds the sessions
 * that count.
 */
export const LIVE_LABEL = `${GROUP}/live`;
/**
 * On the operator's Lease: the namespaces that it serves, as `a,b`; `*`: all. While the Lease is held, the admission
 * policy debugsession-fill-in-finalizer puts finalizer and label on the sessions that are created there.
 */
export const SERVED_ANNOTATION = `${GROUP}/namespaces`;

/** The fields of metav1.ObjectMeta that we read or write. */
export interface ObjectMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface DebugSession {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: DebugSessionSpec;
  status?: DebugSessionStatus;
}

/** Shell: the command runs under our sh supervisor. None: nothing inside the container ends it. */
export type SupervisorMode = 'Shell' | 'None';

/**
 * What is done when a container must end and nothing inside the pod ends it. Report: say so, and try again. EvictPod:
 * its pod is evicted.
 */
export type IfUnstoppable = 'Report' | 'EvictPod';

/** Evict: a pod that somebody has been inside is retired once the session is over. */
export type PodAfterSession = 'Keep' | 'Evict';

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet' | 'Job';

export interface WorkloadRef {
  apiVersion: 'apps/v1' | 'batch/v1';
  kind: WorkloadKind;
  name: string;
}

export interface Target {
  podName?: string;
  workloadRef?: WorkloadRef;
  containerName?: string;
}

/** Who asks, as authentication.k8s.io UserInfo has it. */
export interface Requester {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** Who may come into a debug container besides who asked for it. */
export interface Attacher {
  kind: 'User' | 'Group' | 'ServiceAccount';
  name: string;
  /** Of a ServiceAccount. Absent: the session's. */
  namespace?: string;
}

/** Who asked, as the record keeps it. */
export interface RunRequester {
  username: string;
  uid?: string;
}

export interface DebugSessionSpec {
  target: Target;
  image: string;
  command?: string[];
  args?: string[];
  env?: EnvVar[];
  envFrom?: EnvFromSource[];
  volumeMounts?: VolumeMount[];
  workingDir?: string;
  imagePullPolicy?: PullPolicy;
  stdin?: boolean;
  tty?: boolean;
  profile?: Profile;
  securityContext?: SecurityContext;
  supervisor?: SupervisorMode;
  ttl?: string;
  pendingTimeout?: string;
  startTimeout?: string;
  notAfter?: string;
  /** True: the run that lives ends now, and the record stays. No further attempt starts while it is set. */
  cancel?: boolean;
  /** Absent: Report. */
  ifUnstoppable?: IfUnstoppable;
  /** Absent: Keep. */
  podAfterSession?: PodAfterSession;
  /** Absent: the record is kept until somebody deletes it. */
  ttlAfterFinished?: string;
  /** CRD default 1, so always present on an object from the API server. */
  attempt: number;
  /** The DebugPolicy that says what may be asked for. Absent: default. */
  policyName?: string;
  justification?: string;
  attachers?: Attacher[];
  /** Checked by an admission policy, which also fills it in: never what a person says of themselves. */
  requestedBy?: Requester;
}

export type Phase = 'Pending' | 'Starting' | 'Running' | 'Ending' | 'Completed' | 'Expired' | 'Cancelled' | 'Failed';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
}

/**
 * How the pod looked when the intent was written: the state of the target container or, without one, of the worst
 * container.
 */
export interface PodBefore {
  phase: string;
  ready: boolean;
  containerName?: string;
  restartCount?: number;
  /** waiting, running or terminated. */
  state?: string;
  reason?: string;
  exitCode?: number;
  lastTermination?: { reason?: string; exitCode: number; finishedAt?: string };
}

/** What counted for this run after defaults: recorded, so that a later change of the spec explains nothing away. */
export interface EffectiveValues {
  ttl: string;
  pendingTimeout: string;
  startTimeout: string;
  profile: Profile;
  supervisor: SupervisorMode;
  stdin: boolean;
  tty: boolean;
}

/**
 * Starting: intent written. Running: the kubelet said so. StartedLate: it ran after the run had failed. Ended:
 * terminated or gone. Failed: never ran, or may not.
 */
export type RunState = 'Starting' | 'Running' | 'StartedLate' | 'Ended' | 'Failed';

/**
 * The ways in which the operator ends a container, in the order in which it tries them. A policy may put Node first
 * (`stopBy`).
 */
export type StopRoute = 'Exec' | 'Attach' | 'Node' | 'Eviction';

/** Which line ended the container. Unknown: something outside of its command, and nothing says what. */
export type EndedBy = 'Command' | 'Supervisor' | StopRoute | 'PodGone' | 'Kubelet' | 'Unknown';

/** Why a container has to end. The first cause counts. */
export type StopCause =
  'Deadline' | 'Cancelled' | 'Revoked' | 'ApprovalWithdrawn' | 'Deleted' | 'StartedLate' | 'RanAgain';

/**
 * That the operator set out to end a container: written before each way is tried for the first time, so that a restart
 * knows what ended it.
 */
export interface RunStop {
  cause: StopCause;
  requestedAt: string;
  routes: StopRoute[];
  /** Why its end could not be confirmed, as it was last reported. Absent: nothing is known yet of what was tried. */
  unconfirmed?: { reason: string; message: string };
}

/**
 * The kubelet ran a container again after it had been seen to end, because the node had lost its record (k/k#124176).
 */
export interface RanAgain {
  containerID: string;
  seenAt: string;
  /** Absent while it runs. */
  finishedAt?: string;
  /** Its pod went before it was seen to end. */
  lost?: true;
}

/** What the policy of a run demanded when it began. A policy or a spec that changes later does not weaken it. */
export interface Demands {
  /** The pod is evicted when nothing inside it ends the container. */
  onUnstoppable?: 'EvictPod';
  /** The pod is evicted after the end of the run, if its container ran. */
  podAfterSession?: 'Evict';
}

/** What happened to the pod while the container of a run ran, whoever caused it. */
export interface During {
  /**
   * Restarted: a container ended and was, or is, started again. OOMKilled: it ended for lack of memory. Evicted: the
   * pod.
   */
  what: 'OOMKilled' | 'Restarted' | 'Evicted';
  /** Absent: the pod as a whole. */
  containerName?: string;
  /** When, by the kubelet's or the API server's clock. */
  at: string;
  exitCode?: number;
}

/**
 * The most memory that a container was seen to use, by samples of the metrics API. Between two it may have used more.
 */
export interface PeakMemory {
  /** Bytes of the working set. */
  bytes: number;
  /** How many samples there are. */
  samples: number;
}

/** An approval by which a run began: the DebugApproval may be gone by now. */
export interface RunApproval {
  username: string;
  uid?: string;
  /** When, by the API server's clock. */
  at: string;
  /** Name of the DebugApproval. */
  name: string;
  approvalUID: string;
  reason?: string;
}

/** The values that an approval of the newest attempt has to name, while the session waits for one. */
export interface WantedApproval {
  /** What `spec.requestHash` of a DebugApproval has to be: it changes with what is asked for. */
  requestHash: string;
  policyName: string;
  required: number;
  given: number;
}

/** One attempt: the intent (written before the injection), then what became of it. Never dropped. */
export interface Run {
  attempt: number;
  podName?: string;
  podUID?: string;
  nodeName?: string;
  debugContainerName?: string;
  /** Command and arguments that were asked for, in one line: the spec may say something else by now. */
  commandLine?: string;
  /** The DebugPolicy that allowed it. */
  policyName?: string;
  /** The policy said revokeRunning then. */
  revocable?: boolean;
  /** What it needed of the policy's allow: the spec may ask for something else by now. */
  allowances?: Allowance[];
  /**
   * Whose process namespace it shares: a container, or `*` for all of a pod that shares its own. Absent: it has one of
   * its own.
   */
  joins?: string;
  /**
   * What a policy may require of it that it satisfies: its securityContext is not kept, and the spec may say something
   * else by now.
   */
  meets?: Requirement[];
  /** What its policy demanded then. Absent: nothing. */
  demanded?: Demands;
  /** Why, as the spec said then. */
  justification?: string;
  /** Who asked for this attempt: without the groups, which are many, and change. */
  requestedBy?: RunRequester;
  /** Who approved it. Absent: its policy asked for no approval then. */
  approvedBy?: RunApproval[];
  /** The policy asked for approvals and exempted the requester. */
  approvalExempt?: boolean;
  /** Who else may come in, as the spec said then. */
  attachers?: Attacher[];
  /** sha256 over the container to be injected (hex). */
  specHash?: string;
  effective?: EffectiveValues;
  /** When the intent was written (operator's clock). */
  intendedAt?: string;
  /** When the intent was last written again, before a late try. Absent: no try came later than 25 s. */
  renewedAt?: string;
  /** The supervisor refuses to start after it. */
  startBy?: string;
  /** Nothing of this run can live longer under a supervisor. Absent with supervisor None. */
  lastMoment?: string;
  before?: PodBefore;
  /** Of each kind the first time for each container. Absent: nothing was seen. */
  during?: During[];
  /**
   * The highest sample of its container's memory while it ran. Absent: there is none, or the operator does not look.
   */
  peakMemory?: PeakMemory;
  image?: string;
  imageID?: string;
  /** By which a container that was run again is told from the one that ended. */
  containerID?: string;
  injectedAt?: string;
  /**
   * What admission changed of the container on its way into the pod: names of its fields, and the image that stands
   * there. Absent: nothing.
   */
  changed?: string[];
  startedAt?: string;
  expiresAt?: string;
  finishedAt?: string;
  /** When the operator recorded that it is over, by its own clock; `finishedAt` may be a node's. */
  overAt?: string;
  /** A later attempt was requested already when it was over. Absent: none. */
  raised?: boolean;
  state: RunState;
  exitCode?: number;
  signal?: number;
  reason?: string;
  message?: string;
  /**
   * What the container left as its termination message, in one line. A claim: whoever was inside can have written it.
   */
  said?: string;
  /**
   * From the kubelet's report and the operator's own record; what was said from inside counts only where those bear it
   * out.
   */
  endedBy?: EndedBy;
  /**
   * When the operator saw that the pod had gone, or had finished, and the end of the container had not been reported.
   */
  podGoneAt?: string;
  /**
   * A ttl that was asked for while it ran. Another than `effective.ttl`: not (yet) what counts inside the container.
   */
  wantedTtl?: string;
  stop?: RunStop;
  ranAgain?: RanAgain;
  /**
   * With podAfterSession Evict: its pod has gone or finished; false: it stays, because the policy does not allow its
   * eviction.
   */
  podRetired?: boolean;
}

export interface DebugSessionStatus {
  phase?: Phase;
  /**
   * Why it stands there, in one word: the reason of the condition that tells. Absent: there is nothing to tell, as
   * while it runs.
   */
  reason?: string;
  /** Whose the newest attempt is: the name of its pod or, until one is chosen, `Kind/name` of its workload. */
  target?: string;
  observedGeneration?: number;
  attempt?: number;
  /** Since when the newest attempt waits to start. Absent: it does not wait, or waits for the attempt before it. */
  waitingSince?: string;
  /** The reason for which it waits. */
  waitingFor?: string;
  /** Since when the newest attempt is accepted. Absent: it is not, or not yet. */
  acceptedAt?: string;
  /** Only while it waits for approvals. */
  approval?: WantedApproval;
  /** The names of those who approved the newest run, for `kubectl get`. */
  approvers?: string;
  podName?: string;
  nodeName?: string;
  debugContainerName?: string;
  attachCommand?: string;
  startedAt?: string;
  expiresAt?: string;
  completedAt?: string;
  exitCode?: number;
  runs?: Run[];
  conditions?: Condition[];
}
