import type { Run } from '../../api/debugsession.ts';
import { type Fate, fateOf } from '../run/fate.ts';

/** Why `kubectl delete` of a session waits, and what a person can do: reason and message of `DeletionWaiting`. */
export function whyDeletionWaits(run: Run, now: number): [reason: string, message: string] {
  const fate = fateOf(run, now);
  const reason = REASONS[fate] ?? 'ContainerRuns';
  const what = `Container ${run.debugContainerName} of pod ${run.podName} ${WORDS[reason]}`;
  return [
    reason,
    `${what}. The session is deleted once the kubelet reports the end, or once the pod is gone; delete the pod to end the wait`,
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
  ContainerMayStart: 'has not run and may still start',
  ContainerOutOfSight: 'has no status from the kubelet any more',
} as const;
