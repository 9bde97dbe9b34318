import type { Run } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import { oneLine } from '../text/one-line.ts';
import { MAX_MESSAGE } from './conditions.ts';
import { START_MARGIN_MS } from './effective.ts';
import { isWaiting, mayStartLate } from './lifecycle.ts';
import { observe } from './observation.ts';
import { writeIfChanged } from './outcome.ts';
import type { EventIntent, Plan, Situation } from './situation.ts';
import { stopConfirmation } from './stop-confirmation.ts';
import * as story from './story.ts';

/** The supervisor's clock is boot time plus time since boot, both in whole seconds: it may be more than a second behind. */
const CLOCK_SLACK_MS = 2_000;

/**
 * A new attempt waits for the failed one before it: two containers of one session must not run at a time. It waits while that container runs,
 * and as long as its supervisor would let it start. Without a supervisor there is no such moment: what never started is not waited for. Nor is
 * a run that was given up before its time, because it could not start at all (a bad image name, root where root is refused).
 */
export function holdsBack(run: Run, now: number): boolean {
  if (!mayStartLate(run, now)) return false;
  if (run.state === 'StartedLate') return true;
  const [startBy, failedAt] = [fromTimestamp(run.startBy), fromTimestamp(run.finishedAt)];
  if (run.lastMoment === undefined || startBy === undefined || failedAt === undefined) return false;
  return failedAt >= startBy - START_MARGIN_MS && now < startBy + CLOCK_SLACK_MS;
}

/** A raised attempt behind a run that may still get its container, or has: follow that one, and say what is waited for. */
export function planHeld(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const { run: known, events } = lookForLateStart(situation, run);
  const what = `container ${known.debugContainerName} of attempt ${known.attempt}`;
  const message =
    known.state === 'StartedLate'
      ? `${what} started late and runs: attempt ${session.spec.attempt} starts when it has ended`
      : `${what} may still start until ${known.startBy}: attempt ${session.spec.attempt} starts after that`;
  const wakeAt =
    known.state === 'StartedLate'
      ? fromTimestamp(known.lastMoment)
      : (fromTimestamp(known.startBy) ?? now) + CLOCK_SLACK_MS;
  const told = isWaiting(session) ? events : [...events, story.accepted(session)];
  return writeIfChanged(situation, {
    record: known,
    standing: { phase: 'Pending', reason: 'PreviousRunNotOver', message },
    events: told,
    ...(wakeAt !== undefined && wakeAt > now && { wakeAt }),
  });
}

/** The record of a run that is over, with what became of its container since. */
export function lookForLateStart(situation: Situation, run: Run): { run: Run; events: EventIntent[] } {
  const { session, sighting, now } = situation;
  if (!mayStartLate(run, now)) return { run, events: [] };
  const seen = observe(run, session.metadata.uid, sighting);
  const imageID = 'imageID' in seen && seen.imageID !== undefined ? { imageID: seen.imageID } : {};
  if (seen.kind === 'running') {
    const late: Run = { ...run, ...imageID, state: 'StartedLate' };
    const events = run.state === 'StartedLate' ? [] : [story.startedLate(late, stopConfirmation(late, now).message)];
    return { run: late, events };
  }
  if (seen.kind !== 'terminated' && seen.kind !== 'podGone') return { run, events: [] };
  // The kubelet has lost sight of it, which is no report of an end.
  if (seen.terminated?.reason === 'ContainerStatusUnknown') return { run, events: [] };
  if (seen.terminated !== undefined) {
    const { exitCode } = seen.terminated;
    const message = oneLine(`${run.message ?? ''}; started late and ended with exit code ${exitCode}`, MAX_MESSAGE);
    return { run: { ...run, ...imageID, state: 'StartedLate', exitCode, message }, events: [] };
  }
  return { run: { ...run, endedBy: 'PodGone' }, events: [] };
}
