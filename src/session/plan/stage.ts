import type { DebugSession, Run } from '../../api/debugsession.ts';
import { consequencesOf, isStray, runToLookAt } from '../run/fate.ts';
import { currentRun, isLive, wantsStart } from '../run/lifecycle.ts';
import { owesRetirement, wantsRetirement } from '../stop/retirement.ts';

/** Where a session stands: which planner is asked, and whether its pod has to be looked at. */
export type Stage =
  /** No run has begun, and none is to begin. */
  | 'idle'
  /** An attempt is to start, and nothing of the session stands in its way. */
  | 'waiting'
  /** An attempt is to start behind a run whose container runs or may start. */
  | 'blocked'
  /** A run starts or runs. */
  | 'live'
  /** The newest run is over, and its container, or one of an earlier run, runs all the same. */
  | 'stray'
  /** The newest run is over, and its pod is to be evicted for it. */
  | 'retiring'
  /** The newest run is over. */
  | 'over';

/** @param now ms since the epoch */
export function stageOf(session: DebugSession, now: number): Stage {
  const run = currentRun(session);
  if (run !== undefined && isLive(run)) return 'live';
  // Before the next attempt: in another pod that would be a way around what the policy demands.
  if (debtorOf(session) !== undefined) return 'retiring';
  const looked = runToLookAt(session, now);
  if (wantsStart(session))
    return looked !== undefined && consequencesOf(looked, now).blocksNext ? 'blocked' : 'waiting';
  if (run === undefined || looked === undefined) return 'idle';
  if (isStray(looked, now)) return 'stray';
  return wantsRetirement(session, run) ? 'retiring' : 'over';
}

/**
 * The run that a pass is about, unless an attempt waits for nothing of the session: whose pod is looked at, and whose
 * container is ended. A container that runs comes first, then a pod that has to go, then whatever may still start.
 */
export function subjectOf(session: DebugSession, now: number): Run | undefined {
  const run = currentRun(session);
  const looked = runToLookAt(session, now);
  if (run === undefined || looked === undefined || isLive(run) || isStray(looked, now)) return looked;
  return debtorOf(session) ?? (!wantsStart(session) && wantsRetirement(session, run) ? run : looked);
}

/** The newest run whose pod the policy demands to go. */
function debtorOf({ status }: DebugSession): Run | undefined {
  return status?.runs?.findLast(owesRetirement);
}
