import { DEFAULT_POLICY, type DebugPolicy, POLICY_KIND } from '../api/debugpolicy.ts';
import { API_VERSION, KIND, type DebugSessionSpec } from '../api/debugsession.ts';
import { checkPolicies } from '../cli/policy-check.ts';
import { BUILT_IN_POLICY } from '../policy/built-in.ts';
import type { Kubectl } from './kubectl.ts';
import { ownSchemas } from './schemas.ts';

/** A session that is to be judged: one that is there, or not yet. */
export interface Judged {
  metadata: { name?: string; namespace?: string };
  spec: Partial<DebugSessionSpec>;
}

/** What is known of the cluster that a policy looks at. */
export interface Facts {
  /** Those that the person may read; the built-in one where there is none named `default`. */
  policies: DebugPolicy[];
  /** Why policies are missing from them. */
  unread?: string | undefined;
  /** The pod and the namespace of the session, as far as the person may read them. */
  objects: object[];
}

export type Verdict =
  | { kind: 'allowed'; open: string }
  | { kind: 'refused'; reasons: string[]; open: string }
  /** Its policy is not among the facts. */
  | { kind: 'unknown' };

/** Looks up what the policies of a session are about. What may not be read is left open. */
export async function gatherFacts(kubectl: Kubectl, { metadata, spec }: Judged): Promise<Facts> {
  const namespace = metadata.namespace ?? 'default';
  const podName = spec.target?.podName;
  const [policies, pod, place] = await Promise.all([
    kubectl.call(['get', 'debugpolicies.debugsession.dev', '--output=json']),
    podName === undefined
      ? undefined
      : kubectl.call(['get', 'pods', podName, `--namespace=${namespace}`, '--output=json']),
    kubectl.call(['get', 'namespaces', namespace, '--output=json']),
  ]);
  const objects = [pod, place].flatMap((answer) =>
    answer?.kind === 'done' ? [JSON.parse(answer.stdout) as object] : [],
  );
  if (policies.kind === 'refused') return { policies: [], unread: policies.refusal.lines[0], objects };
  const { items } = JSON.parse(policies.stdout) as { items: DebugPolicy[] };
  const isBuiltIn = !items.some((policy) => policy.metadata.name === DEFAULT_POLICY);
  return { policies: isBuiltIn ? [...items, builtIn()] : items, objects };
}

function builtIn(): DebugPolicy {
  const metadata = { name: DEFAULT_POLICY, uid: '', resourceVersion: '' };
  return { apiVersion: API_VERSION, kind: POLICY_KIND, metadata, spec: BUILT_IN_POLICY };
}

/** A session with the namespace into which kubectl would write it. */
export async function placed(kubectl: Kubectl, manifest: Judged): Promise<Judged> {
  if (manifest.metadata.namespace !== undefined) return manifest;
  const asked = ['create', '--dry-run=client', '--output=jsonpath={.metadata.namespace}'];
  const answer = await kubectl.call(asked, { manifest });
  const namespace = answer.kind === 'done' ? answer.stdout.trim() : '';
  return namespace === '' ? manifest : { ...manifest, metadata: { ...manifest.metadata, namespace } };
}

/** What a policy says of a session, by the very function that the operator uses. */
export function judge({ metadata, spec }: Judged, policyName: string, { policies, objects }: Facts): Verdict {
  const policy = policies.find((one) => one.metadata.name === policyName);
  if (policy === undefined) return { kind: 'unknown' };
  const namespace = metadata.namespace ?? 'default';
  const session = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: metadata.name ?? 'session', namespace },
    spec: { ...spec, policyName },
  };
  const plain = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name: policyName }, spec: policy.spec };
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [plain, session, ...objects] });
  const report = checkPolicies([{ source: 'this session', text }], { schemas: ownSchemas(), namespace });
  if (report.kind === 'unusable') return { kind: 'refused', reasons: report.faults, open: '' };
  const [, ...reasons] = report.lines;
  if (report.refused === 0) return { kind: 'allowed', open: report.notJudged };
  return { kind: 'refused', reasons: reasons.map((reason) => reason.trim()), open: report.notJudged };
}

/** Whether the person may use the policy in this namespace. */
export async function mayUse(kubectl: Kubectl, policyName: string, namespace: string | undefined): Promise<boolean> {
  const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
  const args = ['auth', 'can-i', 'use', `debugpolicies.debugsession.dev/${policyName}`, '--quiet', ...where];
  return (await kubectl.call(args)).kind === 'done';
}

/** Policies other than its own that allow the session and that the person may use. */
export async function otherPolicies(kubectl: Kubectl, session: Judged, facts?: Facts): Promise<string[]> {
  const known = facts ?? (await gatherFacts(kubectl, session));
  const own = session.spec.policyName ?? DEFAULT_POLICY;
  const names = known.policies.map(({ metadata }) => metadata.name);
  const allowing = names.filter((name) => name !== own && judge(session, name, known).kind === 'allowed');
  const usable = await Promise.all(allowing.map((name) => mayUse(kubectl, name, session.metadata.namespace)));
  return allowing.filter((_, index) => usable[index]);
}
