import type { Run } from '../../api/debugsession.ts';
import { type ActionOutcome, type Actions, triedOn } from '../look/actions.ts';
import { containerIDOf } from '../run/second-run.ts';

/** Outcomes of an exec that has sent no signal. */
const UNSIGNALLED: readonly ActionOutcome['kind'][] = ['impossible', 'forbidden', 'unreachable', 'notRunning'];

/**
 * How long the runtime of the node waits after TERM before it kills the container, in s. None where HUP and TERM have
 * been sent from inside before, as far as this process knows: a supervisor sends them at the deadline.
 * @param actions what was tried for the run
 */
export function graceSecondsOf(run: Run, actions: Actions | undefined): '0' | '1' {
  const isKnownToSupervisor = run.ranAgain === undefined && run.effective?.supervisor !== 'None';
  if (run.stop?.cause === 'Deadline' && isKnownToSupervisor) return '0';
  const exec = triedOn(containerIDOf(run), actions).tried.Exec?.outcome.kind;
  return exec === undefined || UNSIGNALLED.includes(exec) ? '1' : '0';
}
