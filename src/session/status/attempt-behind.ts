import { condition, type WantedCondition } from '../../api/conditions.ts';
import type { DebugSession, Phase, Run } from '../../api/debugsession.ts';
import { isRaisedAbove, PREVIOUS_RUN_NOT_OVER } from '../run/lifecycle.ts';

/**
 * A raised attempt that waits for a run which goes on, or that has not begun although the run is over. In other phases
 * `Reconciling` has more to say.
 */
export function attemptBehind(
  session: DebugSession,
  { phase }: { phase: Phase | 'Over' },
  run: Run | undefined,
): WantedCondition[] {
  if (run === undefined || !isRaisedAbove(session, run)) return [];
  const { attempt } = session.spec;
  if (phase === 'Running') return [waits(`Attempt ${attempt} starts when attempt ${run.attempt} is over`)];
  if (phase === 'Over' && !isCalledOff(session))
    return [waits(`Attempt ${run.attempt} is over, and attempt ${attempt} is next`)];
  return [];
}

/** Nothing begins any more. */
function isCalledOff({ metadata, spec }: DebugSession): boolean {
  return spec.cancel === true || metadata.deletionTimestamp !== undefined;
}

function waits(message: string): WantedCondition {
  return condition('Reconciling', 'True', PREVIOUS_RUN_NOT_OVER, message);
}
