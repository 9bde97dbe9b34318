import type { DebugSession, Requester } from '../api/debugsession.ts';
import { Fault } from './fault.ts';
import { sessionsPath } from './follower.ts';
import type { Answer, Kubectl } from './kubectl.ts';

/** Who the person is, as the API server has it. */
export async function whoAmI(kubectl: Kubectl): Promise<Requester> {
  const review = await kubectl.json<{ status: { userInfo: Requester } }>(['auth', 'whoami']);
  return review.status.userInfo;
}

/**
 * The words by which config/admission asks for spec.requestedBy where no policy fills it in (before Kubernetes 1.36).
 */
const MUST_SAY_WHO = /spec\.requestedBy must be who asks/;

/**
 * The API server must refuse a field that its CRD lacks, whatever the kuberc of the person says: an older one would
 * drop, say, `attachers`, and the session would start all the same.
 */
export const STRICT = '--validate=strict';

/**
 * Where a session is created as strictly: `--validate` has kubectl ask for the resources and the schema of the API
 * server before, which doubles its time.
 */
export function creationPath(namespace: string): string {
  return `${sessionsPath(namespace)}?fieldManager=kubectl-create&fieldValidation=Strict`;
}

/**
 * Writes a session, and says who asks where the API server does not fill that in.
 * @param write gets what the spec has to say besides
 * @throws Fault with the words of the server
 */
export async function askFor(
  kubectl: Kubectl,
  write: (more: { requestedBy?: Requester }) => Promise<Answer>,
): Promise<DebugSession> {
  let answer = await write({});
  if (answer.kind === 'refused' && answer.refusal.lines.some((line) => MUST_SAY_WHO.test(line))) {
    answer = await write({ requestedBy: await whoAmI(kubectl) });
  }
  if (answer.kind === 'refused') throw new Fault(answer.refusal.lines);
  return JSON.parse(answer.stdout) as DebugSession;
}
