import type { RanAgain, Run } from '../../api/debugsession.ts';
import { toTimestamp } from '../../api/time.ts';
import type { Identity, Seen } from './observation.ts';

// A container under the name of an earlier one, with another ID: the node had lost the record of the first, and the
// kubelet ran it again (k/k#124176).

type Ended = Pick<Seen<'terminated'>, 'terminated'> & Identity;

/**
 * The runtime's name for the container that the run has now. Undefined: the kubelet has not said it.
 * @param seen what the kubelet says; absent: what is recorded counts
 */
export function containerIDOf({ containerID, ranAgain }: Run, seen: Identity = {}): string | undefined {
  return seen.containerID ?? ranAgain?.containerID ?? containerID;
}

/** Whether this is a container that the record does not know, in the place of one that it knows. */
export function isAnother({ containerID, ranAgain }: Run, seen: Identity): boolean {
  if (containerID === undefined || seen.containerID === undefined) return false;
  return seen.containerID !== containerID && seen.containerID !== ranAgain?.containerID;
}

/**
 * The record of a live run whose container the kubelet runs again. The session goes on: its deadline still counts from
 * the start of the first. A pod that is seen late shows the first once more, which changes nothing.
 */
export function withRestart(run: Run, seen: Seen<'running'>, now: number): Run {
  const { containerID } = seen;
  if (containerID === undefined || !isAnother(run, seen)) return run;
  return { ...withoutFinding(run), ranAgain: { containerID, seenAt: toTimestamp(now) } };
}

/** The record of which container ended: the first, or the one that ran in its place. Out of sight is no end. */
export function withEnd(run: Run, { terminated, containerID, imageID }: Ended, now: number): Run {
  const isFirst = run.containerID === undefined || containerID === undefined || containerID === run.containerID;
  if (isFirst)
    return { ...run, ...(imageID !== undefined && { imageID }), ...(containerID !== undefined && { containerID }) };
  const { ranAgain } = run;
  const again = ranAgain?.containerID === containerID ? ranAgain : { containerID, seenAt: toTimestamp(now) };
  const isOutOfSight = terminated.reason === 'ContainerStatusUnknown';
  return withSecondRun(run, again, isOutOfSight ? undefined : (terminated.finishedAt ?? toTimestamp(now)));
}

/** A doubt about the end of the first container says nothing of the second. */
export function withoutFinding(run: Run): Run {
  if (run.stop === undefined) return run;
  const stop = { ...run.stop };
  delete stop.unconfirmed;
  return { ...run, stop };
}

/** The end of a second run is set once. */
export function withSecondRun(run: Run, again: RanAgain, end: string | undefined): Run {
  const finishedAt = again.finishedAt ?? end;
  return { ...run, ranAgain: finishedAt === undefined ? again : { ...again, finishedAt } };
}

/** A second run whose pod went before it was seen to end. */
export function lostWithPod(run: Run, now: number): Run {
  const { ranAgain } = run;
  return ranAgain === undefined || ranAgain.finishedAt !== undefined
    ? run
    : withSecondRun(run, { ...ranAgain, lost: true }, toTimestamp(now));
}
