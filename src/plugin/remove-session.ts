import type { Desk, SessionKey } from './desk.ts';
import { Fault } from './fault.ts';

/**
 * Deletes a session, and its record with it; a container that runs is ended first. One that is gone already is no
 * fault.
 * @throws Fault
 */
export async function removeSession({ kubectl }: Desk, { namespace, name }: SessionKey): Promise<void> {
  const args = ['delete', 'debugsessions.debugsession.dev', name, `--namespace=${namespace}`, '--wait=true'];
  const answer = await kubectl.call(args, { isWrite: true });
  if (answer.kind === 'refused' && answer.refusal.kind !== 'NotFound') throw new Fault(answer.refusal.lines);
}
