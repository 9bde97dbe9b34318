import type { Pod } from '../../api/pod.ts';
import type { InjectionReason } from '../../api/reasons.ts';

/**
 * What the reconciler saw of the target: the pod, that it is gone, or why there is none yet. `last` is the last state
 * of a pod of that name which went while a watch saw it: it may say how a container ended.
 */
export type Sighting =
  | { kind: 'present'; pod: Pod; last?: Pod }
  | { kind: 'gone'; last?: Pod }
  /** The pod could not be looked at: nothing is known of it, not even whether it is there. */
  | { kind: 'unseen'; message: string }
  | { kind: 'unresolved'; reason: InjectionReason; message: string };
