import { API_VERSION, type DebugSessionSpec, KIND } from '../../../src/api/debugsession.ts';
import type { Stage } from './stage.ts';

const DENIED =
  /ValidatingAdmissionPolicy 'debugsession-verdict' with binding 'debugsession-verdict' denied request: (.*)/;

/**
 * What the API server says to the creation of a session that a DebugPolicy does not allow. A policy that has just been
 * made is in force a moment later, so it asks until there is a refusal. Nothing is made.
 */
export async function refusedAtRequest(stage: Stage, spec: Partial<DebugSessionSpec>): Promise<string> {
  let words: string | undefined;
  await stage.until('the API server refuses the session', async () => {
    words = DENIED.exec((await ask(stage, spec)).stderr)?.[1];
    return words !== undefined;
  });
  return words ?? '';
}

/** Whether the API server would take the session now. Nothing is made. */
export async function acceptedAtRequest(stage: Stage, spec: Partial<DebugSessionSpec>): Promise<boolean> {
  return (await ask(stage, spec)).code === 0;
}

function ask(stage: Stage, spec: Partial<DebugSessionSpec>): ReturnType<Stage['kubectl']> {
  const defaults = { target: { podName: 'web' }, image: 'docker.io/library/busybox:1.36' };
  const session = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'asks' }, spec: { ...defaults, ...spec } };
  return stage.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(session));
}
