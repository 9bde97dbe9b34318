import type { Run } from '../../api/debugsession.ts';

/** The message of `Running`. @param refused a changed ttl that does not apply to the container, and why */
export function runningMessage(run: Run, refused: { ttl: string; why: string } | undefined): string {
  const what = `Container ${run.debugContainerName} of pod ${run.podName}`;
  const plain =
    run.effective?.supervisor === 'None'
      ? `${what} runs and has no supervisor: the operator ends it at ${run.expiresAt}`
      : `${what} runs and ends at ${run.expiresAt}`;
  return refused === undefined ? plain : `${plain}; ttl ${refused.ttl} does not apply to it: ${refused.why}`;
}

/** Why a changed ttl does not apply, for those who show it: by the message. Undefined: none is refused. */
export function whyTtlDoesNotApply(message: string): string | undefined {
  return /; ttl \S+ does not apply to it: ([^]*)$/.exec(message)?.[1];
}
