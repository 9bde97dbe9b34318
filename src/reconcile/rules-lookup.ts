import type { DebugSession, Run } from '../api/debugsession.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Authority } from '../session/look/authority.ts';
import { currentRun, isLive, wantsStart } from '../session/run/lifecycle.ts';
import { never, type Objection } from '../session/look/objection.ts';
import { isRevocable, policyNameOf } from '../session/start/permission.ts';
import type { ApprovalsView } from '../session/look/approvals.ts';
import type { PolicyView, Rules } from '../session/look/rules.ts';
import { oneLine } from '../text/one-line.ts';
import type { SessionApi } from './session-api.ts';

export interface RulesLookupParts {
  api: Pick<SessionApi, 'mayUse' | 'mayApprove' | 'namespaceLabels'>;
  /** What is known now of the admission policy that says who asks. */
  authority: () => Authority;
  /** What is known now of a DebugPolicy. */
  policyOf: (name: string) => PolicyView;
  /** Whether a namespace is one that a policy has to open. */
  isSystem: (namespace: string) => boolean;
  /** What is known now of the approvals that name a session. Absent: nobody looks. */
  approvalsOf?: ((session: DebugSession) => ApprovalsView) | undefined;
}

/** The labels of the session's namespace, read once for all passes in a row. */
export interface KnownLabels {
  labels?: Record<string, string>;
}

/** Finds out what a session may have, from what is watched and from what has to be asked. */
export class RulesLookup {
  readonly #parts: RulesLookupParts;

  constructor(parts: RulesLookupParts) {
    this.#parts = parts;
  }

  /** The policy of the session, and what that one asks about its namespace. */
  async of(session: DebugSession, signal: AbortSignal, memory: KnownLabels): Promise<Rules> {
    const { policyOf, isSystem, api } = this.#parts;
    const { namespace } = session.metadata;
    const policy = policyOf(policyNameOf(session));
    const known = { isSystem: isSystem(namespace) };
    const approvals = this.#approvalsOf(session, policy);
    const views = { policy, ...(approvals && { approvals }) };
    if (!asksForLabels(session, policy)) return { ...views, namespace: known };
    try {
      const labels = (memory.labels ??= await api.namespaceLabels(namespace, signal));
      return { ...views, namespace: { ...known, labels } };
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 403) throw error;
      return { ...views, namespace: { ...known, unread: oneLine(error.message, 900) } };
    }
  }

  #approvalsOf(session: DebugSession, policy: PolicyView): ApprovalsView | undefined {
    if (policy.kind !== 'found' || policy.spec.approval === undefined) return undefined;
    return this.#parts.approvalsOf?.(session);
  }

  /**
   * Which approvals of a run are of people who may not approve now, by what the API server says: their uids. All of
   * them, where the operator may not ask.
   */
  async withoutRight(
    session: DebugSession,
    { run, view }: { run: Run; view: ApprovalsView | undefined },
    signal: AbortSignal,
  ): Promise<string[]> {
    const uids = (run.approvedBy ?? []).map(({ approvalUID }) => approvalUID);
    if (view?.kind !== 'known') return uids;
    const policy = policyNameOf(session);
    const asked = uids.map(async (uid) => {
      const approver = view.approvals.find(({ metadata }) => metadata.uid === uid)?.spec.approvedBy;
      if (approver === undefined) return [uid];
      try {
        const isAllowed = await this.#parts.api.mayApprove(approver, policy, session.metadata.namespace, signal);
        return isAllowed ? [] : [uid];
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 403) throw error;
        return [uid];
      }
    });
    return (await Promise.all(asked)).flat();
  }

  /**
   * Why it is not certain that who asked may use the policy of the session, by what the API server says now; undefined:
   * they may.
   */
  async denial(session: DebugSession, signal: AbortSignal): Promise<Objection | undefined> {
    const { api, authority } = this.#parts;
    if (authority().kind === 'waived') return undefined;
    const { requestedBy } = session.spec;
    const { namespace } = session.metadata;
    const policy = policyNameOf(session);
    if (requestedBy === undefined) {
      const message = `The requester is not known, so it is not known whether they may use DebugPolicy ${policy}`;
      return never('RequesterNotAllowed', message);
    }
    const { username } = requestedBy;
    const what = `use DebugPolicy ${policy} in namespace ${namespace}`;
    try {
      if (await api.mayUse(requestedBy, policy, namespace, signal)) return undefined;
      return never('RequesterNotAllowed', `${username} may not ${what} any more`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 403) throw error;
      const message = `The operator may not ask whether ${username} may ${what}; kubectl apply -k config/rbac`;
      return never('Forbidden', `${message} (the API server said: ${oneLine(error.message, 600)})`);
    }
  }
}

/** Only where they decide something: of what starts, and of what may be revoked. */
function asksForLabels(session: DebugSession, policy: PolicyView): boolean {
  if (policy.kind !== 'found' || policy.spec.namespaceSelector === undefined) return false;
  const run = currentRun(session);
  if (run === undefined || !isLive(run)) return wantsStart(session);
  return run.state === 'Starting' || isRevocable(run, policy.spec);
}
