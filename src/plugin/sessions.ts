import type { DebugSession } from '../api/debugsession.ts';
import { Fault } from './fault.ts';
import type { Kubectl } from './kubectl.ts';
import { nearestName } from './nearest-name.ts';

/** What kubectl calls them, whatever else is installed. */
export const SESSIONS = 'debugsessions.debugsession.dev';

/** The session of this name. @throws Fault, with the name that was meant where there is none */
export async function findSession(kubectl: Kubectl, name: string): Promise<DebugSession> {
  const answer = await kubectl.call(['get', SESSIONS, name, '--output=json']);
  if (answer.kind === 'done') return JSON.parse(answer.stdout) as DebugSession;
  if (answer.refusal.kind !== 'NotFound') throw new Fault(answer.refusal.lines);
  const meant = await nearestName(kubectl, SESSIONS, name);
  throw new Fault(
    `there is no session ${name} in this namespace${meant === undefined ? ': kubectl dbg ls lists them' : `, did you mean ${meant}?`}`,
  );
}
