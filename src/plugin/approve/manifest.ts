import { createHash } from 'node:crypto';
import { APPROVAL_KIND, type Approver, type DebugApprovalSpec, type Decision } from '../../api/debugapproval.ts';
import { API_VERSION, type DebugSession, KIND } from '../../api/debugsession.ts';
import { requestHashOf } from '../../api/request-hash.ts';

/** A DebugApproval as it is sent. */
export interface ApprovalManifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; ownerReferences?: object[] };
  spec: DebugApprovalSpec;
}

export interface Choice {
  decision: Decision;
  /** Who decides, as the API server has it. */
  me: Pick<Approver, 'username' | 'uid'>;
  reason?: string | undefined;
  /** For Git: the garbage collector must not remove what a sync would make again. */
  isForGit?: boolean;
}

/** The longest name of an object. */
const MAX_NAME = 253;

/**
 * The approval of a session exactly as it was read. Its name follows from who decides what, so that the same decision
 * is made once.
 */
export function approvalManifest(session: DebugSession, choice: Choice): ApprovalManifest {
  const { metadata, spec } = session;
  const { decision, me, reason, isForGit = false } = choice;
  const { name, namespace, uid } = metadata;
  const requestHash = requestHashOf(spec);
  const { policyName } = spec;
  const owner = { apiVersion: API_VERSION, kind: KIND, name, uid };
  return {
    apiVersion: API_VERSION,
    kind: APPROVAL_KIND,
    metadata: {
      name: nameOf(name, [me.username, me.uid ?? '', decision, uid, requestHash]),
      namespace,
      ...(!isForGit && { ownerReferences: [owner] }),
    },
    spec: {
      sessionName: name,
      sessionUID: uid,
      attempt: spec.attempt,
      requestHash,
      ...(policyName !== undefined && { policyName }),
      decision,
      ...(reason !== undefined && { reason }),
    },
  };
}

function nameOf(session: string, parts: readonly string[]): string {
  const tail = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
  return `${session.slice(0, MAX_NAME - tail.length - 1).replace(/[.-]+$/, '')}-${tail}`;
}
