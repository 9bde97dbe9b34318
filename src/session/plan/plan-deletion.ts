import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { injectionArrived, isMarked } from '../run/lifecycle.ts';
import { observe, type Seen } from '../run/observation.ts';
import { finish } from './write-status.ts';
import { planEnding } from './plan-ending.ts';
import { confirmInjection, endOf, endWithPod, startRun } from '../run/record.ts';
import { type Plan, rest, wakeBy } from './effect.ts';
import type { Situation } from '../look/situation.ts';
import { stopCause } from '../stop/stop.ts';
import * as story from '../status/events.ts';

/** How long a deleted session is held for a container that has not ended, in ms, */
const RELEASE_AFTER_MS = 30_000;
/** ... and where its pod is being deleted as well, as all is when a namespace goes: nobody may hold that up. */
const RELEASE_WITH_POD_MS = 10_000;
/** ... and after it was first asked to end, if the operator was away all that time, in ms. */
const RELEASE_AFTER_ASKING_MS = 10_000;

/** When a deleted session is let go of at the latest, in ms since the epoch; undefined: it is not being deleted. */
export function releaseTime(situation: Situation): number | undefined {
  const deletedAt = fromTimestamp(situation.session.metadata.deletionTimestamp);
  if (deletedAt === undefined) return undefined;
  return deletedAt + (podGoes(situation) ? RELEASE_WITH_POD_MS : RELEASE_AFTER_MS);
}

function podGoes({ sighting }: Situation): boolean {
  return sighting.kind === 'present' && sighting.pod.metadata.deletionTimestamp !== undefined;
}

/** A session that is being deleted while its container may live: end it and record that, or let go in time and say so on the pod. */
export function planDeletion(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  if (!isMarked(session)) return rest(now);
  const seen = observe(run, session.metadata.uid, situation.sighting);
  switch (seen.kind) {
    case 'terminated':
      return finish(situation, endOf(situation, confirmInjection(situation, run, seen.terminated.startedAt), seen));
    case 'podGone':
      return finish(situation, endWithPod(situation, run, seen));
    case 'notInjected':
      return run.injectedAt === undefined ? letGoUninjected(run, now) : release(situation, run);
    case 'running':
      return endOrRelease(situation, run, seen);
    case 'unseen':
    case 'waiting':
      return release(situation, run);
  }
}

/** A deleted session is not injected any more. What was sent before may still arrive: an answer was lost, or an operator that has died had sent it. */
function letGoUninjected(run: Run, now: number): Plan {
  const arrived = injectionArrived(run);
  return now < arrived ? rest(now, arrived) : { effect: { kind: 'removeFinalizer' }, events: [] };
}

function endOrRelease(situation: Situation, run: Run, seen: Seen<'running'>): Plan {
  const { session, now } = situation;
  const at = releaseOfRunning(situation, run);
  if (now >= at) return release(situation, run);
  const injected = confirmInjection(situation, run, seen.startedAt);
  const running = run.state === 'Running' ? run : startRun(injected, seen, now);
  const told = run.state === 'Running' ? [] : [story.started(running)];
  const step = planEnding(situation, running, stopCause(session, running, now) ?? 'Deleted', told);
  return step.effect.kind === 'none' ? wakeBy(step, now, at) : step;
}

/** However late the operator comes, the container is asked to end before it is let go of. A pod that goes takes it along. */
function releaseOfRunning(situation: Situation, run: Run): number {
  const { now } = situation;
  const at = releaseTime(situation) ?? now;
  const askedAt = fromTimestamp(run.stop?.requestedAt) ?? now;
  return podGoes(situation) ? at : Math.max(at, askedAt + RELEASE_AFTER_ASKING_MS);
}

function release(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const at = releaseTime(situation) ?? now;
  if (now < at) return rest(now, at);
  return { effect: { kind: 'removeFinalizer' }, events: [story.releasedAlive(session, run)] };
}
