import type { Phase } from './debugsession.ts';

/** Condition types. Reconciling and Stalled are abnormal-true, as kstatus reads them; there is deliberately no Ready. */
export type ConditionType =
  | 'Accepted'
  | 'Injected'
  | 'Running'
  | 'Complete'
  | 'Failed'
  | 'StopConfirmed'
  | 'DeletionWaiting'
  | 'PodRetired'
  | 'Reconciling'
  | 'Stalled';

/** Reasons why an injection has not happened (yet), or never will. Stable: people and programs match on them. */
export type InjectionReason =
  | 'PodNotFound'
  | 'PodNotScheduled'
  | 'PodFinished'
  | 'PodTerminating'
  | 'PodReplaced'
  | 'StaticPod'
  | 'WindowsNode'
  | 'WorkloadNotFound'
  | 'NoReadyPod'
  | 'TargetContainerNotFound'
  | 'TargetContainerNotRunning'
  | 'VolumeNotFound'
  | 'VolumeNotMounted'
  | 'PreviousRunNotOver'
  | 'TooManyEphemeralContainers'
  | 'ContainerNameTaken'
  | 'Forbidden'
  | 'PodSecurityDenied'
  | 'AdmissionDenied'
  | 'Invalid'
  | 'TooLarge'
  | 'SubresourceUnavailable'
  | 'AdmissionPolicyMissing'
  | 'PolicyNotFound'
  | 'PolicyDenied'
  | 'RequesterNotAllowed'
  | 'LimitReached'
  | 'ApiUnavailable';

/** Reasons why a run failed for good, besides those of the injection. */
export type FailureReason =
  | 'Lapsed'
  | 'PendingTimeout'
  | 'StartTimeout'
  | 'ImagePullFailed'
  | 'InvalidImageName'
  | 'ContainerConfigError'
  | 'StartError'
  | 'CommandNotFound'
  | 'TooLate'
  | 'SupervisorUnsupported'
  | 'SpecChanged';

/** What `StopConfirmed` says of a run that is over. */
export type StopConfirmedReason =
  | 'Terminated'
  | 'NothingToStop'
  | 'MayStartLate'
  | 'LastMomentPassed'
  | 'StartedLate'
  | 'RanAgain'
  | 'ForceDeleted'
  | 'NodeLost';

/** Why the end of a container that has to end is not confirmed. */
export type StopReason =
  /** It is being ended. */
  'Stopping' | 'NoRoute' | 'ExecFailed' | 'ProcessSurvived' | 'NodeUnreachable' | 'EvictionBlocked';

/** Phases that a session leaves only by a raised spec.attempt. */
export const TERMINAL_PHASES: readonly Phase[] = ['Completed', 'Expired', 'Cancelled', 'Failed'];
