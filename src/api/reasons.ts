import type { Phase } from './debugsession.ts';
import type { REASONS } from './reason-catalogue.ts';

/**
 * Condition types. Reconciling and Stalled are abnormal-true, as kstatus reads them; there is deliberately no Ready.
 */
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

/** Every reason that there is (src/api/reason-catalogue.ts). Stable: people and programs match on them. */
export type Reason = keyof typeof REASONS;

type ReasonOf<Kind> = { [R in Reason]: (typeof REASONS)[R]['kind'] extends Kind ? R : never }[Reason];

/** Reasons why an injection has not happened (yet), or never will. */
export type InjectionReason = ReasonOf<'injection'>;

/** Reasons why a run failed for good, besides those of the injection. */
export type FailureReason = ReasonOf<'failure'>;

/** What `StopConfirmed` says of a run that is over. */
export type StopConfirmedReason = ReasonOf<'confirmation'>;

/** Why the end of a container that has to end is not confirmed. */
export type StopReason = ReasonOf<'stop'>;

/** Phases that a session leaves only by a raised spec.attempt. */
export const TERMINAL_PHASES: readonly Phase[] = ['Completed', 'Expired', 'Cancelled', 'Failed'];
