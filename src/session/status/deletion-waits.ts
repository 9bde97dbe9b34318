import type { Run } from '../../api/debugsession.ts';
import { type Fate, fateOf } from '../run/fate.ts';

/** Why `kubectl delete` of a session waits, and what a person can do: reason and message of `DeletionWaiting`. */
export function whyDeletionWaits(run: Run, now: number): [reason: string, message: string] {
  const fate = fateOf(run, now);
  const reason = REASONS[fate] ?? 'ContainerRuns';
  const what = `container ${run.debugContainerName} of pod ${run.podName} ${WORDS[reason]}`;
  return [
    reason,
    `${what}; the session goes when the kubelet reports its end, or with the pod; delete the pod to end the wait`,
  ];
}

const REASONS: Partial<Record<Fate, 'ContainerMayStart' | 'ContainerOutOfSight'>> = {
  mayStart: 'ContainerMayStart',
  startRefused: 'ContainerMayStart',
  lastMomentPassed: 'ContainerMayStart',
  nodeLost: 'ContainerOutOfSight',
};

const WORDS = {
  ContainerRuns: 'has not ended',
  ContainerMayStart: 'has not run, and may still start',
  ContainerOutOfSight: 'was lost sight of by the kubelet',
} as const;
