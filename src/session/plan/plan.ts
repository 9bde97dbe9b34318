import type { DebugSession, Run, WorkloadRef } from '../../api/debugsession.ts';
import type { Situation } from '../look/situation.ts';
import { consequencesOf, guardedRun } from '../run/fate.ts';
import { currentRun, hasLapsed, isGuarded, isWaiting } from '../run/lifecycle.ts';
import type { Plan } from './effect.ts';
import { planBeside } from './plan-beside.ts';
import { planBlocked } from './plan-blocked.ts';
import { planDeletion } from './plan-deletion.ts';
import { planOver } from './plan-over.ts';
import { planRun } from './plan-run.ts';
import { planStart } from './plan-start.ts';
import { type Stage, stageOf, subjectOf } from './stage.ts';

/** What the reconciler has to look at before it can plan. */
export type Interest = { kind: 'none' } | { kind: 'pod'; name: string } | { kind: 'workload'; ref: WorkloadRef };

/**
 * Which pod (or workload) the next pass is about: a live run's, else the target of a run that is to start, else none.
 */
export function interestOf(session: DebugSession, now: number): Interest {
  const stage = stageOf(session, now);
  if (stage === 'waiting' && session.spec.cancel !== true) return targetOf(session);
  const run = stage === 'waiting' ? currentRun(session) : subjectOf(session, now);
  if (run?.podName === undefined || !isLookedAt(run, stage, now)) return { kind: 'none' };
  return { kind: 'pod', name: run.podName };
}

function targetOf({ spec }: DebugSession): Interest {
  const { podName, workloadRef } = spec.target;
  if (podName !== undefined) return { kind: 'pod', name: podName };
  return workloadRef === undefined ? { kind: 'none' } : { kind: 'workload', ref: workloadRef };
}

function isLookedAt(run: Run, stage: Stage, now: number): boolean {
  switch (stage) {
    case 'live':
    case 'blocked':
    case 'stray':
    case 'retiring':
      return true;
    case 'waiting':
    case 'over':
      return consequencesOf(run, now).isWatched;
    case 'idle':
      return false;
  }
}

/**
 * The step that needs no look at the pod, if there is one: a session that is new, or was raised, gets its finalizer
 * while its pod is being looked up, as nearly every one finds it. One that has to wait lets go of it again.
 */
export function planUnseen(session: DebugSession, now: number): Plan | undefined {
  if (stageOf(session, now) !== 'waiting' || isGuarded(session) || isWaiting(session)) return undefined;
  return session.spec.cancel === true || hasLapsed(session, now)
    ? undefined
    : { effect: { kind: 'addFinalizer' }, events: [] };
}

/**
 * A container of it runs or may, and the finalizer is not there: `kubectl replace` takes off what its manifest does not
 * name. Nothing can be put on a session that is being deleted.
 */
function isBare({ session, sighting, now }: Situation): boolean {
  const run = guardedRun(session.status?.runs, now);
  if (run === undefined || isGuarded(session) || session.metadata.deletionTimestamp !== undefined) return false;
  return sighting.kind === 'present' && sighting.pod.metadata.uid === run.podUID;
}

/** The next step of a session: pure, so that the same situation always gives the same step. */
export function plan(situation: Situation): Plan {
  const { session } = situation;
  const run = currentRun(session);
  const stage = stageOf(session, situation.now);
  if (run === undefined) return stage === 'waiting' ? planStart(situation) : planOver(situation, run);
  if (isBare(situation)) return { effect: { kind: 'addFinalizer' }, events: [] };
  switch (stage) {
    case 'live':
      return planBeside(situation, planLive(situation, run));
    case 'waiting':
      return planStart(situation);
    case 'blocked':
      return planBlocked(situation, subjectOf(session, situation.now) ?? run);
    case 'idle':
    case 'stray':
    case 'retiring':
    case 'over':
      return planOver(situation, run);
  }
}

function planLive(situation: Situation, run: Run): Plan {
  const { session } = situation;
  if (session.metadata.deletionTimestamp !== undefined) return planDeletion(situation, run);
  return isGuarded(session) ? planRun(situation, run) : { effect: { kind: 'addFinalizer' }, events: [] };
}
