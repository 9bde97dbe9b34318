import { APPROVAL_KIND, type DebugApproval, type DebugApprovalSpec } from '../../../src/api/debugapproval.ts';
import { API_VERSION, type DebugSession } from '../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../src/api/request-hash.ts';
import { approvalsPath } from '../../../src/reconcile/debug-approvals.ts';
import type { Outcome } from '../../cluster/run-program.ts';
import { Person } from './person.ts';
import type { Stage } from './stage.ts';

/** What an approval of a session as it stands says, by hand. */
export function approvalOf(
  session: DebugSession,
  name: string,
  more: Partial<DebugApprovalSpec> = {},
): { metadata: { name: string } } & Pick<DebugApproval, 'apiVersion' | 'kind' | 'spec'> {
  const { metadata, spec } = session;
  return {
    apiVersion: API_VERSION,
    kind: APPROVAL_KIND,
    metadata: { name },
    spec: {
      sessionName: metadata.name,
      sessionUID: metadata.uid,
      attempt: spec.attempt,
      requestHash: requestHashOf(spec),
      ...(spec.policyName !== undefined && { policyName: spec.policyName }),
      decision: 'Approve',
      ...more,
    },
  };
}

/** A person who may approve in the namespace of the stage, by the role that is shipped for that. */
export class Approver extends Person {
  readonly #stage: Stage;

  constructor(stage: Stage, name: string, groups: readonly string[] = []) {
    super(stage, name, groups);
    this.#stage = stage;
  }

  static async open(stage: Stage, name: string, groups: readonly string[] = []): Promise<Approver> {
    const approver = new Approver(stage, name, groups);
    await approver.bind('clusterrole', 'debugsession-approver');
    return approver;
  }

  /** Decides about a session as it stands in the cluster now, by plain kubectl. */
  async decides(sessionName: string, more: Partial<DebugApprovalSpec> = {}): Promise<Outcome> {
    const session = await this.#stage.session(sessionName);
    return this.create(approvalOf(session, `${sessionName}-${this.name}`, more));
  }

  withdraws(sessionName: string): Promise<Outcome> {
    return this.kubectl(['delete', 'dbga', `${sessionName}-${this.name}`]);
  }
}

/** The approvals of the stage, as the API server has them. */
export async function approvalsIn(stage: Stage): Promise<DebugApproval[]> {
  return (await stage.client.list<{ items: DebugApproval[] }>(approvalsPath(stage.namespace))).items;
}
