import type { DebugSession } from '../api/debugsession.ts';
import type { SessionKey } from './desk.ts';
import { mustBeKept } from './dropped-fields.ts';
import type { Kubectl } from './kubectl.ts';
import { SESSIONS } from './sessions.ts';

/** The words by which kubectl changes the spec of a session; `null` takes a field away. */
export function changeOf({ namespace, name }: SessionKey, spec: object): string[] {
  return ['patch', SESSIONS, name, `--namespace=${namespace}`, '--type=merge', `--patch=${JSON.stringify({ spec })}`];
}

/**
 * Changes the spec of a session.
 * @returns the session as the API server has it now
 * @throws Fault with the words of the server, or when it dropped a field
 */
export async function changeSession(kubectl: Kubectl, key: SessionKey, spec: object): Promise<DebugSession> {
  const changed = await kubectl.json<DebugSession>(changeOf(key, spec), { isWrite: true });
  mustBeKept(spec, changed.spec);
  return changed;
}
