import type { Run } from '../api/debugsession.ts';
import { oneLine } from '../text/one-line.ts';
import { fromTimestamp } from '../api/time.ts';
import { MAX_MESSAGE } from './conditions.ts';
import { hasFinalizer, mayStartLate } from './lifecycle.ts';
import { observe } from './observation.ts';
import { writeIfChanged } from './outcome.ts';
import { RELEASE_AFTER_MS } from './plan-deletion.ts';
import { rest, type EventIntent, type Plan, type Situation } from './situation.ts';
import { nextConfirmation, stopConfirmation } from './stop-confirmation.ts';
import * as story from './story.ts';

/** A session with no live run and none to start: keep the record true, let go of the finalizer. */
export function planOver(situation: Situation, run: Run | undefined): Plan {
  const { session, now } = situation;
  // Deleted between the finalizer and the intent: nothing was injected, and nobody else takes the finalizer off.
  if (run === undefined) return hasFinalizer(session) ? { effect: { kind: 'removeFinalizer' }, events: [] } : rest(now);
  const { run: known, events } = lookForLateStart(situation, run);
  const wakeAt = nextConfirmation(known, now);
  const step = writeIfChanged(situation, {
    run: known,
    standing: { phase: 'Over' },
    events,
    ...(wakeAt && { wakeAt }),
  });
  if (step.effect.kind !== 'none') return step;
  return hasFinalizer(session) ? letGo(situation, known, step) : step;
}

/**
 * A failed run may still get its container. While it could, the finalizer stays: with a deleted session 30 s at most, and then the pod is told
 * what is left in it, if it runs or nothing inside would end it.
 */
function letGo({ session, now }: Situation, run: Run, step: Plan): Plan {
  const letGoNow: Plan = { effect: { kind: 'removeFinalizer' }, events: [] };
  if (!mayStartLate(run, now)) return letGoNow;
  const deletedAt = fromTimestamp(session.metadata.deletionTimestamp);
  if (deletedAt === undefined) return step;
  if (now < deletedAt + RELEASE_AFTER_MS) return rest(now, deletedAt + RELEASE_AFTER_MS);
  const matters = run.state === 'StartedLate' || run.lastMoment === undefined;
  return matters ? { ...letGoNow, events: [story.releasedAlive(session, run)] } : letGoNow;
}

function lookForLateStart(situation: Situation, run: Run): { run: Run; events: EventIntent[] } {
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
