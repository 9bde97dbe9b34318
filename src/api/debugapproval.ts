/**
 * The DebugApproval resource: what one person decided about one attempt of one session, as it stood then. The CRD
 * (crds/) is the contract; test/unit/crd-types.test.ts keeps the two in step. Nobody changes an approval; to take one
 * back, delete it. The time of the decision is `metadata.creationTimestamp`, which the API server writes.
 */

export const APPROVAL_KIND = 'DebugApproval';
export const APPROVAL_PLURAL = 'debugapprovals';

/** Deny is final for the attempt. */
export type Decision = 'Approve' | 'Deny';

/** The person who decided, as authentication.k8s.io UserInfo has it. */
export interface Approver {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

export interface DebugApprovalSpec {
  /** The session of the same namespace. */
  sessionName: string;
  /** Absent: the session of that name which is not younger than the approval (docs/adr/0044). */
  sessionUID?: string;
  attempt: number;
  /** sha256 (hex) of what was asked for: src/api/request-hash.ts. */
  requestHash: string;
  /** The DebugPolicy of the session. Absent: default. */
  policyName?: string;
  decision: Decision;
  reason?: string;
  /** Checked by an admission policy, which also fills it in: never what a person says of themselves. */
  approvedBy?: Approver;
}

export interface DebugApproval {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
  };
  spec: DebugApprovalSpec;
}
