import { condition, type WantedCondition } from '../../api/conditions.ts';
import type { DebugSession, Phase, Run } from '../../api/debugsession.ts';
import { isRaisedAbove, PREVIOUS_RUN_NOT_OVER } from '../run/lifecycle.ts';

/** A raised attempt that waits for a run which goes on. In other phases `Reconciling` has more to say. */
export function attemptBehind(
  session: DebugSession,
  { phase }: { phase: Phase | 'Over' },
  run: Run | undefined,
): WantedCondition[] {
  if (phase !== 'Running' || run === undefined || !isRaisedAbove(session, run)) return [];
  const message = `Attempt ${session.spec.attempt} starts when attempt ${run.attempt} is over`;
  return [condition('Reconciling', 'True', PREVIOUS_RUN_NOT_OVER, message)];
}
