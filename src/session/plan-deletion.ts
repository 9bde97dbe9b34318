import type { Run } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import { hasFinalizer } from './lifecycle.ts';
import { observe } from './observation.ts';
import { finish } from './outcome.ts';
import { confirmInjection, endOf, endWithPod } from './run-record.ts';
import { rest, type Plan, type Situation } from './situation.ts';
import * as story from './story.ts';

/** How long a deleted session is held for a container that has not ended, in ms. */
export const RELEASE_AFTER_MS = 30_000;

/** A session that is being deleted while its container may live: record its end, or let go in time and say so on the pod. */
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
    case 'unseen':
    case 'waiting':
    case 'running':
      return release(situation, run);
  }
}

function release({ session, now }: Situation, run: Run): Plan {
  const at = (fromTimestamp(session.metadata.deletionTimestamp) ?? now) + RELEASE_AFTER_MS;
  if (now < at) return rest(now, at);
  return { effect: { kind: 'removeFinalizer' }, events: [story.releasedAlive(session, run)] };
}
