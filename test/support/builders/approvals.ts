import { APPROVAL_KIND, type DebugApproval, type DebugApprovalSpec } from '../../../src/api/debugapproval.ts';
import { API_VERSION, type DebugSession } from '../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../src/api/request-hash.ts';
import type { ApprovalsView } from '../../../src/session/look/approvals.ts';
import type { ApprovalCase } from '../../../src/session/start/approval-flaws.ts';
import { aSession, NOON } from './builders.ts';

/** An approval of a session as it stands, by somebody whom the API server knows by this name. */
export function anApproval(
  session: DebugSession,
  username: string,
  rest: { spec?: Partial<DebugApprovalSpec>; metadata?: Partial<DebugApproval['metadata']> } = {},
): DebugApproval {
  const { name, namespace, uid } = session.metadata;
  return {
    apiVersion: API_VERSION,
    kind: APPROVAL_KIND,
    metadata: {
      name: `${name}-${username}`,
      namespace,
      uid: `uid-of-${username}`,
      resourceVersion: '200',
      creationTimestamp: '2026-01-01T12:00:30Z',
      ...rest.metadata,
    },
    spec: {
      sessionName: name,
      sessionUID: uid,
      attempt: session.spec.attempt,
      requestHash: requestHashOf(session.spec),
      decision: 'Approve',
      approvedBy: { username, groups: ['approvers'] },
      ...rest.spec,
    },
  };
}

/** A session under a policy that demands one approval, with all that is known of its approvals; at first none. */
export function anApprovalCase(
  demand: Partial<ApprovalCase['demand']> = {},
  { session = aSession(), ...view }: { session?: DebugSession } & Partial<KnownApprovals> = {},
): ApprovalCase & { view: KnownApprovals } {
  const authority = { kind: 'inForce', since: NOON - 3_600_000 } as const;
  return {
    session,
    policyName: 'default',
    demand: { required: 1, ...demand },
    view: { kind: 'known', authority, approvals: [], ...view },
  };
}

type KnownApprovals = Extract<ApprovalsView, { kind: 'known' }>;
