import { ApiError, ConnectionError } from '../kube/api-error.ts';
import { errorMessage } from '../runtime/error-message.ts';
import type { ActionKind, ActionOutcome } from '../session/look/actions.ts';

/** What each way needs, for the words of a refusal. */
const NEEDS: Record<ActionKind, string> = {
  Exec: 'get and create on pods/exec',
  Ttl: 'get and create on pods/exec',
  Attach: 'get and create on pods/attach',
  Node: 'create, list, watch and delete on pods in the namespace of stop pods (config/components/node-stop)',
  Eviction: 'create on pods/eviction',
};

/** The API server's proxy to the kubelet, and Go's dialer. */
const DIALING =
  /error dialing backend|dial tcp|connection refused|no route to host|i\/o timeout|TLS handshake timeout/i;

/** The kubelet's words for a container that has ended, and those of containerd and CRI-O for the moment of its end. */
const ENDED =
  /container not found|container is in CONTAINER_EXITED state|no running task found|container is not created or running/i;

/** What a fault of an action means. The API server answers for the kubelet, which it may not reach. */
export function explainFault(kind: ActionKind, error: unknown): ActionOutcome {
  const message = errorMessage(error);
  if (error instanceof ConnectionError) return { kind: 'unreachable', message };
  if (!(error instanceof ApiError)) return { kind: 'failed', message };
  const { code } = error;
  if (isRefusedByRule(kind, error)) return { kind: 'forbidden', message };
  if (isOfNone(kind, error)) return { kind: 'notRunning', message };
  if (code === 403) return { kind: 'forbidden', message: `the operator may not: it needs ${NEEDS[kind]}` };
  // The eviction API's word for "not now"; 429 without it is a busy server.
  if (kind === 'Eviction' && code === 429) return { kind: 'blocked', message };
  const isDown = code === 502 || code === 503 || code === 504 || (code === 500 && DIALING.test(message));
  return { kind: isDown ? 'unreachable' : 'failed', message };
}

/** Not for a lack of rights: by a policy, and of a pod that is made by Pod Security or a quota as well. */
function isRefusedByRule(kind: ActionKind, { code, message }: ApiError): boolean {
  if (/ValidatingAdmissionPolicy|admission webhook/.test(message)) return true;
  return kind === 'Node' && code === 403 && !/ cannot \w+ resource /.test(message);
}

/** There is nothing to exec into or to attach to: no such pod (404), another of its name (400), or its end. */
function isOfNone(kind: ActionKind, { code, message }: ApiError): boolean {
  if (kind === 'Node' || kind === 'Eviction') return false;
  return (
    code === 404 || (code === 400 && /is not valid for pod/.test(message)) || (code === 500 && ENDED.test(message))
  );
}
