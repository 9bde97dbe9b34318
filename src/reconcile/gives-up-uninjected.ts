import type { DebugSession } from '../api/debugsession.ts';
import type { Plan } from '../session/plan/effect.ts';
import { isLive } from '../session/run/lifecycle.ts';

/** From this step on nobody looks for the container of a run that was to be injected. */
export function givesUpUninjected({ status }: DebugSession, { effect }: Plan): boolean {
  const run = status?.runs?.find(({ attempt }) => attempt === status.attempt);
  if (run === undefined || !isLive(run) || run.injectedAt !== undefined) return false;
  if (effect.kind === 'removeFinalizer') return true;
  const next = effect.kind === 'writeStatus' ? effect.status.runs?.find(({ attempt }) => attempt === run.attempt) : run;
  return next !== undefined && !isLive(next) && next.injectedAt === undefined && next.endedBy === undefined;
}
