import type { Run } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { fromTimestamp, toTimestamp } from '../../api/time.ts';

/** The message of `Running` while the pod stays. @param refused a changed ttl that does not apply, and why */
export function runningMessage(run: Run, refused: { ttl: string; why: string } | undefined): string {
  const what = `Container ${run.debugContainerName} of pod ${run.podName}`;
  const plain =
    run.effective?.supervisor === 'None'
      ? `${what} runs and has no supervisor: the operator ends it at ${run.expiresAt}`
      : `${what} runs and ends at ${run.expiresAt}`;
  return refused === undefined ? plain : `${plain}; ttl ${refused.ttl} does not apply to it: ${refused.why}`;
}

/**
 * The message of `Running` while the pod is being deleted; undefined: the pod stays. A pod may be so for an hour: its
 * containers get TERM at once, and the kubelet reports them running until the pod is done.
 */
export function leavingMessage(run: Run, { metadata }: Pod): string | undefined {
  const end = fromTimestamp(metadata.deletionTimestamp);
  if (end === undefined) return undefined;
  const since = toTimestamp(end - (metadata.deletionGracePeriodSeconds ?? 0) * 1000);
  return `Pod ${metadata.name} has been terminating since ${since}. The kubelet ends container ${run.debugContainerName}, or has ended it. The grace period of the pod ends at ${toTimestamp(end)}`;
}

/** Why a changed ttl does not apply, for those who show it: by the message. Undefined: none is refused. */
export function whyTtlDoesNotApply(message: string): string | undefined {
  return /; ttl \S+ does not apply to it: ([^]*)$/.exec(message)?.[1];
}
