import type { StopRoute } from '../../api/debugsession.ts';

/**
 * What the operator does to a running container besides injecting it: end it by one of the ways there are, or tell it
 * of another ttl.
 */
export type ActionKind = StopRoute | 'Ttl';

/** What became of one action. None of them says that the container has ended: only the kubelet does. */
export type ActionOutcome =
  /** Signals were sent, keys were typed, the eviction was accepted: what is left is to look. */
  | { kind: 'asked' }
  /** The container knows the new ttl. */
  | { kind: 'told' }
  /** Its node, or the API server, says that there is no such container that runs: its end may not be reported yet. */
  | { kind: 'notRunning'; message: string }
  /** After all signals this many of its processes live. */
  | { kind: 'survived'; processes: number }
  /** It cannot work in this container, however often it is tried: no shell in the image, no supervisor that listens. */
  | { kind: 'impossible'; message: string }
  /** The API server refused: the operator may not. */
  | { kind: 'forbidden'; message: string }
  /** A PodDisruptionBudget stands against the eviction, for now. */
  | { kind: 'blocked'; message: string }
  /** The node, or the way to it, did not answer. */
  | { kind: 'unreachable'; message: string }
  | { kind: 'failed'; message: string };

/** The newest action of a kind. */
export interface Tried {
  outcome: ActionOutcome;
  /** When it was over, in ms since the epoch. */
  at: number;
  /** How often this kind has been tried. */
  times: number;
  /** The container that it was about, by the runtime's name for it: the kubelet may have run another since. */
  containerID?: string;
  /** Once every signal was sent, and something lived on. */
  wasSurvived?: true;
  /** Ttl: which one the container was to be told. */
  ttl?: string;
}

/** The record of a kind of action that is over once more. An action on another container than before is the first. */
export function afterwards(
  before: Tried | undefined,
  { outcome, at, containerID }: Pick<Tried, 'outcome' | 'at'> & { containerID: string | undefined },
): Tried {
  const same = before?.containerID === containerID ? before : undefined;
  const wasSurvived = same?.wasSurvived === true || outcome.kind === 'survived';
  return {
    ...{ outcome, at, times: (same?.times ?? 0) + 1 },
    ...(containerID !== undefined && { containerID }),
    ...(wasSurvived && { wasSurvived }),
  };
}

/**
 * What this process has tried for a run. A restart forgets it, and everything is tried anew: each action may be
 * repeated.
 */
export interface Actions {
  /** What is being done now; its end brings the session back. */
  underWay?: ActionKind;
  tried: Partial<Record<ActionKind, Tried>>;
  /**
   * What they tell has been written. It is not written again: of two operators at once each would put its own
   * experience in the place of the other's, for ever.
   */
  isSaid?: true;
}

export const NO_ACTIONS: Actions = { tried: {} };

/** The actions on this container: the answer of an earlier container says nothing of it. */
export function triedOn(containerID: string | undefined, actions: Actions = NO_ACTIONS): Actions {
  const tried = Object.entries(actions.tried).filter(([, last]) => last.containerID === containerID);
  return { ...actions, tried: Object.fromEntries(tried) };
}
