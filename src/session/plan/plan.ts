import type { DebugSession, Run, WorkloadRef } from '../../api/debugsession.ts';
import {
  currentRun,
  hasLapsed,
  isHeld,
  isLive,
  isWaiting,
  mayRunAgain,
  mayStartLate,
  wantsStart,
} from '../run/lifecycle.ts';
import { holdsBack, planHeld } from './plan-held.ts';
import { planDeletion } from './plan-deletion.ts';
import { planOver } from './plan-over.ts';
import { planRun } from './plan-run.ts';
import { planStart } from './plan-start.ts';
import { wantsRetirement } from '../stop/retirement.ts';
import type { Plan } from './effect.ts';
import type { Situation } from '../look/situation.ts';

/** What the reconciler has to look at before it can plan. */
export type Interest = { kind: 'none' } | { kind: 'pod'; name: string } | { kind: 'workload'; ref: WorkloadRef };

/** Which pod (or workload) the next pass is about: a live run's, else the target of a run that is to start, else none. */
export function interestOf(session: DebugSession, now: number): Interest {
  const run = currentRun(session);
  if (run?.podName !== undefined && (isLive(run) || holdsBack(run, now))) return { kind: 'pod', name: run.podName };
  if (wantsStart(session) && session.spec.cancel !== true) {
    const { podName, workloadRef } = session.spec.target;
    if (podName !== undefined) return { kind: 'pod', name: podName };
    if (workloadRef !== undefined) return { kind: 'workload', ref: workloadRef };
  }
  if (run?.podName !== undefined && isLookedAt(session, run, now)) return { kind: 'pod', name: run.podName };
  return { kind: 'none' };
}

/** A run that is over, of which something may still be seen or has to be done. */
function isLookedAt(session: DebugSession, run: Run, now: number): boolean {
  return mayStartLate(run, now) || mayRunAgain(run, now) || wantsRetirement(session, run);
}

/**
 * The step that needs no look at the pod, if there is one: a session that is new, or was raised, gets its finalizer while its pod is being
 * looked up, as nearly every one finds it. One that has to wait lets go of it again.
 */
export function planUnseen(session: DebugSession, now: number): Plan | undefined {
  const run = currentRun(session);
  const isBusy = run !== undefined && (isLive(run) || holdsBack(run, now));
  if (isBusy || isHeld(session) || !wantsStart(session) || isWaiting(session)) return undefined;
  return session.spec.cancel === true || hasLapsed(session, now)
    ? undefined
    : { effect: { kind: 'addFinalizer' }, events: [] };
}

/** The next step of a session: pure, so that the same situation always gives the same step. */
export function plan(situation: Situation): Plan {
  const { session } = situation;
  const run = currentRun(session);
  if (run !== undefined && isLive(run)) {
    if (session.metadata.deletionTimestamp !== undefined) return planDeletion(situation, run);
    // Who replaces the whole object (kubectl replace) takes off what its manifest does not name.
    return isHeld(session) ? planRun(situation, run) : { effect: { kind: 'addFinalizer' }, events: [] };
  }
  if (!wantsStart(session)) return planOver(situation, run);
  return run !== undefined && holdsBack(run, situation.now) ? planHeld(situation, run) : planStart(situation);
}
