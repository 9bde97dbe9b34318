import type { PolicyLimits } from '../../api/debugpolicy.ts';

/** Where a session lives, or is to live, as limits count it. */
export interface Place {
  uid: string;
  namespace: string;
  /** Absent where nobody is asked who they are. */
  user?: string;
  /** Absent where a pod has not been chosen yet. */
  podName?: string | undefined;
  /** Whose process namespace it shares (src/policy/process-namespace.ts). Absent: nobody's. */
  joins?: string | undefined;
  /** Another operator has just injected it, and this one knows its container alone: it may be anybody's. */
  isUnheard?: true;
}

/**
 * Who else is there: what a limit is counted against. They may be many, so nobody is looked for who does not matter.
 */
export interface Others {
  taken: () => readonly Place[];
  /**
   * Those that wait for a limit and have asked before, in the order of asking. It matters only where a place is free.
   */
  ahead: () => readonly Waiter[];
  /** Whether the record says of the run with this container that it is over. */
  isOver: (containerName: string) => boolean;
  /** How many other sessions of the requester wait, for whatever it is. Absent: none. */
  waiting?: () => number;
}

/** The place that somebody waits for, and what limits them. */
export interface Waiter extends Place {
  /** `namespace/name` of the session. */
  key: string;
  limits: PolicyLimits;
}

export const NO_OTHERS: Others = { taken: () => [], ahead: () => [], isOver: () => false };
