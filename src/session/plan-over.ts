import type { Run } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import { lookForLateStart } from './late-start.ts';
import { hasFinalizer, mayStartLate } from './lifecycle.ts';
import { writeIfChanged } from './outcome.ts';
import { RELEASE_AFTER_MS } from './plan-deletion.ts';
import { rest, type Plan, type Situation } from './situation.ts';
import { nextConfirmation } from './stop-confirmation.ts';
import * as story from './story.ts';
import { planRemoval } from './ttl-after-finished.ts';

/** A session with no live run and none to start: keep the record true, let go of the finalizer, and of the record itself where that is wanted. */
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
  return hasFinalizer(session) ? letGo(situation, known, step) : planRemoval(situation, step);
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
