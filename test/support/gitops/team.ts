import { API_VERSION, type DebugSession, type DebugSessionSpec, KIND } from '../../../src/api/debugsession.ts';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import { appPod, ephemeralNames, isReady } from '../builders/pods.ts';
import { Policies } from '../builders/policies.ts';
import { AuditLog, isWrite } from '../cluster/audit-log.ts';
import { Stage } from '../cluster/stage.ts';
import { Guide } from '../documents/guide.ts';

const guide = new Guide('gitops.md');
/** The policy and the account of the guide. */
const GITOPS = 'gitops';

/** What `GitTeam.gather` sets up. */
export interface TeamParts {
  stage: Stage;
  policies: Policies;
  policyName: string;
  audit: AuditLog;
}

/**
 * A team that keeps its sessions in Git, set up as docs/guides/gitops.md says: the policy and the account `gitops`, a
 * pod `web`, and an operator.
 */
export class GitTeam {
  readonly stage: Stage;
  readonly policies: Policies;
  /** Policies are of the whole cluster, so this one has a name of its own. */
  readonly policyName: string;
  readonly #audit: AuditLog;
  #looks = 0;

  protected constructor({ stage, policies, policyName, audit }: TeamParts) {
    this.stage = stage;
    this.policies = policies;
    this.policyName = policyName;
    this.#audit = audit;
  }

  protected static async gather(name: string): Promise<TeamParts> {
    const stage = await Stage.open(name);
    await stage.createPod('web', appPod());
    const policies = new Policies(stage);
    const policyName = await policies.create(GITOPS, guide.object(GITOPS).spec);
    await allowAccount(stage, policyName);
    const audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '');
    await stage.untilPod('web', isReady);
    return { stage, policies, policyName, audit };
  }

  /** The manifest of the guide's first session, under another name. */
  session(name: string, more: Partial<DebugSessionSpec> = {}): object {
    const spec = { ...guide.object('inc-4711').spec, notAfter: '2999-12-01T00:00:00Z', policyName: this.policyName };
    return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...spec, ...more } };
  }

  /** A policy like that of the guide, in place of which the account can use this one. @returns its whole name */
  async usePolicy(name: string, more: DebugPolicySpec): Promise<string> {
    const policyName = await this.policies.create(name, { ...guide.object(GITOPS).spec, ...more });
    await allowAccount(this.stage, policyName);
    return policyName;
  }

  /** An account that approves, as a Kustomization for the folder of approvals has. */
  async addApprover(account: string): Promise<void> {
    await mustKubectl(this.stage, ['create', 'serviceaccount', account]);
    await this.letApprove(account);
  }

  async letApprove(account: string): Promise<void> {
    const role = '--clusterrole=debugsession-approver';
    const subject = `--serviceaccount=${this.stage.namespace}:${account}`;
    await mustKubectl(this.stage, ['create', 'rolebinding', account, role, subject]);
  }

  /** The run is over, and the operator has nothing more to write. */
  untilOver(name: string, attempt: number): Promise<DebugSession> {
    return this.stage.untilSession(
      name,
      ({ metadata, status }) =>
        status?.attempt === attempt && status.completedAt !== undefined && metadata.finalizers === undefined,
    );
  }

  /** The names of the debug containers that the pod was given, oldest first. */
  async injected(): Promise<string[]> {
    return ephemeralNames(await this.stage.pod('web'));
  }

  /** What this user has written to the sessions and approvals up to now, as the API server logged it; no dry runs. */
  async writesOf(username: string): Promise<string[]> {
    this.#looks += 1;
    const look = `look=${this.#looks}`;
    await this.stage.client.list(`/api/v1/namespaces/${this.stage.namespace}/pods`, { labelSelector: look });
    const said = encodeURIComponent(look);
    // The log has what came before this look, once it has this look.
    await this.stage.until('the log has the last request', async () =>
      (await this.#audit.requests(this.stage.namespace)).some(({ requestURI }) => requestURI.includes(said)),
    );
    return (await this.#audit.requests(this.stage.namespace))
      .filter((event) => event.user.username === username && isWrite(event))
      .filter(({ objectRef, requestURI }) => objectRef?.apiGroup === 'debugsession.dev' && !isDryRun(requestURI))
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} ${objectRef?.name}`);
  }

  async close(): Promise<void> {
    await this.policies.close();
    await this.stage.close();
  }
}

function isDryRun(requestURI: string): boolean {
  return new URL(requestURI, 'http://localhost').searchParams.has('dryRun');
}

/** Sets up the account `gitops` of the guide, for this policy. */
async function allowAccount(stage: Stage, policyName: string): Promise<void> {
  const kinds = ['ServiceAccount', 'Role', 'RoleBinding'];
  const items = guide.objects.filter(({ kind }) => kinds.includes(kind));
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    .replaceAll('"resourceNames":["gitops"]', `"resourceNames":["${policyName}"]`)
    .replaceAll('"namespace":"shop"', `"namespace":"${stage.namespace}"`);
  await mustKubectl(stage, ['apply', '-f', '-'], text);
}

async function mustKubectl(stage: Stage, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await stage.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
}
