import type { Run } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import { hasFinalizer } from './lifecycle.ts';
import { observe, type Seen } from './observation.ts';
import { finish } from './outcome.ts';
import { planEnding } from './plan-ending.ts';
import { confirmInjection, endOf, endWithPod, startRun } from './run-record.ts';
import { rest, type Plan, type Situation } from './situation.ts';
import { stopCause } from './stop.ts';
import * as story from './story.ts';

/** How long a deleted session is held for a container that has not ended, in ms, */
const RELEASE_AFTER_MS = 30_000;
/** ... and where its pod is being deleted as well, as all is when a namespace goes: nobody may hold that up. */
const RELEASE_WITH_POD_MS = 10_000;

/** When a deleted session is let go of at the latest, in ms since the epoch; undefined: it is not being deleted. */
export function releaseTime({ session, sighting }: Situation): number | undefined {
  const deletedAt = fromTimestamp(session.metadata.deletionTimestamp);
  if (deletedAt === undefined) return undefined;
  const podGoes = sighting.kind === 'present' && sighting.pod.metadata.deletionTimestamp !== undefined;
  return deletedAt + (podGoes ? RELEASE_WITH_POD_MS : RELEASE_AFTER_MS);
}

/** A session that is being deleted while its container may live: end it and record that, or let go in time and say so on the pod. */
export function planDeletion(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  if (!hasFinalizer(session)) return rest(now);
  const seen = observe(run, session.metadata.uid, situation.sighting);
  switch (seen.kind) {
    case 'terminated':
      return finish(situation, endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), seen));
    case 'podGone':
      return finish(situation, endWithPod(situation, run, seen));
    case 'notInjected':
      // Nothing was started, and nothing will be: a deleted session is not injected.
      if (run.injectedAt === undefined) return { effect: { kind: 'removeFinalizer' }, events: [] };
      return release(situation, run);
    case 'running':
      return endOrRelease(situation, run, seen);
    case 'unseen':
    case 'waiting':
      return release(situation, run);
  }
}

function endOrRelease(situation: Situation, run: Run, seen: Seen<'running'>): Plan {
  const { session, now } = situation;
  const at = releaseTime(situation) ?? now;
  if (now >= at) return release(situation, run);
  const injected = confirmInjection(situation, run, seen.startedAt);
  const running = run.state === 'Running' ? run : startRun(injected, seen, now);
  const told = run.state === 'Running' ? [] : [story.started(running)];
  const step = planEnding(situation, running, stopCause(session, running, now) ?? 'Deleted', told);
  if (step.effect.kind !== 'none') return step;
  return { ...step, requeueAfterMs: Math.min(step.requeueAfterMs ?? Infinity, at - now) };
}

function release(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const at = releaseTime(situation) ?? now;
  if (now < at) return rest(now, at);
  return { effect: { kind: 'removeFinalizer' }, events: [story.releasedAlive(session, run)] };
}
