import type { DebugSession } from '../api/debugsession.ts';
import type { Situation } from '../session/look/situation.ts';
import type { Plan } from '../session/plan/effect.ts';
import { startDeadline } from '../session/plan/plan-run.ts';
import { currentRun, isLive } from '../session/run/lifecycle.ts';

/** From this step on nobody looks for the container of a run that was to be injected. */
export function givesUpUninjected(session: DebugSession, { effect }: Plan): boolean {
  const run = currentRun(session);
  if (run === undefined || !isLive(run) || run.injectedAt !== undefined) return false;
  if (effect.kind === 'removeFinalizer') return true;
  const next = effect.kind === 'writeStatus' ? effect.status.runs?.find(({ attempt }) => attempt === run.attempt) : run;
  return next !== undefined && !isLive(next) && next.injectedAt === undefined && next.endedBy === undefined;
}

/**
 * By this step a run fails because its container was not seen to run in time. A watch that has fallen silent is
 * believed for 150 s, longer than the default startTimeout.
 */
export function givesUpUnstarted({ session, now }: Situation, { effect }: Plan): boolean {
  const run = currentRun(session);
  if (run === undefined || !isLive(run) || run.startedAt !== undefined) return false;
  if (effect.kind !== 'writeStatus' || now < startDeadline(run)) return false;
  const next = effect.status.runs?.find(({ attempt }) => attempt === run.attempt);
  return next?.state === 'Failed' && next.startedAt === undefined;
}
