import type { DebugSession } from '../../api/debugsession.ts';
import { consequencesOf, fateOf, runToLookAt } from '../run/fate.ts';
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
  if (run !== undefined && owesRetirement(run)) return 'retiring';
  if (wantsStart(session)) return run !== undefined && consequencesOf(run, now).blocksNext ? 'blocked' : 'waiting';
  if (run === undefined) return 'idle';
  if (wantsRetirement(session, run)) return 'retiring';
  const fate = fateOf(runToLookAt(session, now) ?? run, now);
  return fate === 'startedLate' || fate === 'ranAgain' ? 'stray' : 'over';
}
