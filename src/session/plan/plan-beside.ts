import { sameJson } from '../../api/same-json.ts';
import { NO_ACTIONS } from '../look/actions.ts';
import type { Situation } from '../look/situation.ts';
import { runBeside } from '../run/fate.ts';
import { withRun } from '../run/lifecycle.ts';
import { lookAgain } from '../stop/second-look.ts';
import { type Plan, wakeBy } from './effect.ts';
import { pursueEnd, type Pursuit } from './plan-ending.ts';

/**
 * An earlier container of the session that starts in the pod of a live run is recorded, told of and ended at once. The
 * live run comes first: its step goes on, and this one is for the passes in which nothing is left to do for it.
 * @param step of the live run
 */
export function planBeside(situation: Situation, step: Plan): Plan {
  const { session, now, actionsBeside } = situation;
  const run = step.effect.kind === 'none' ? runBeside(session, now) : undefined;
  if (run === undefined || session.status === undefined) return step;
  const { run: known, events, stray } = lookAgain(situation, run);
  const about = { ...situation, actions: actionsBeside ?? NO_ACTIONS };
  const pursuit: Partial<Pursuit> = stray === undefined ? {} : pursueEnd(about, known, stray);
  // The record alone: phase and conditions are about the live run.
  const status = { ...session.status, runs: withRun(session.status.runs ?? [], pursuit.run ?? known) };
  if (!sameJson(status, session.status))
    return { effect: { kind: 'writeStatus', status }, events: [...events, ...(pursuit.events ?? [])] };
  return wakeBy({ ...step, effect: pursuit.then ?? step.effect }, now, pursuit.wakeAt);
}
