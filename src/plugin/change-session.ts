import type { DebugSession } from '../api/debugsession.ts';
import type { SessionKey } from './desk.ts';
import type { Kubectl } from './kubectl.ts';

/** Changes the spec of a session. @returns the session as the API server has it now @throws Fault with the words of the server */
export function changeSession(kubectl: Kubectl, { namespace, name }: SessionKey, spec: object): Promise<DebugSession> {
  const patch = JSON.stringify({ spec });
  const args = [
    'patch',
    'debugsessions.debugsession.dev',
    name,
    `--namespace=${namespace}`,
    '--type=merge',
    `--patch=${patch}`,
  ];
  return kubectl.json<DebugSession>(args, { isWrite: true });
}
