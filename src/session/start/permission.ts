import { limitsOf, mayEvict, type NamespaceView, type PolicyView, type Rules } from '../look/rules.ts';
import { DEFAULT_POLICY, type DebugPolicySpec } from '../../api/debugpolicy.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { Pod } from '../../api/pod.ts';
import { demandsOf } from '../../policy/demands.ts';
import { evaluate, stillAllows, type Asked } from '../../policy/evaluate.ts';
import { refusal } from '../../policy/refusal.ts';
import { effectiveValues } from '../container/effective.ts';
import { currentRun, isLive, wantsStart } from '../run/lifecycle.ts';
import { later, never, type Objection } from '../look/objection.ts';

/** Whether it depends on what may change of a pod: then only the pod that was looked at may be injected into. */
export function judgesPod(policy: PolicyView | undefined): boolean {
  const { perPod, perUserPerPod, perTarget, containersPerPod } = limitsOf(policy);
  const hasLimit = [perPod, perUserPerPod, perTarget, containersPerPod].some((limit) => limit !== undefined);
  return hasLimit || (policy?.kind === 'found' && policy.spec.podSelector !== undefined);
}

/**
 * The session as far as its policy goes: what may be asked for while a container lives, and is not allowed, counts as
 * not asked for; what the policy demands, or demanded when the run began, counts as asked for.
 */
export function asAllowed(session: DebugSession, run: Run, rules: Rules | undefined): DebugSession {
  const isAsked = session.spec.ifUnstoppable === 'EvictPod' && mayEvict(rules);
  const ifUnstoppable = isAsked || demandsEviction(run, rules) ? 'EvictPod' : 'Report';
  return { ...session, spec: { ...session.spec, ifUnstoppable } };
}

/** Then or now, as with revokeRunning. */
function demandsEviction(run: Run, rules: Rules | undefined): boolean {
  const now = rules?.policy.kind === 'found' ? demandsOf(rules.policy.spec) : {};
  return run.demanded?.onUnstoppable === 'EvictPod' || now.onUnstoppable === 'EvictPod';
}

/** The policy that counts: once a run has begun it is the one that it was started under, until the next attempt. */
export function policyNameOf(session: DebugSession): string {
  const run = currentRun(session);
  const isOfRun = run !== undefined && (isLive(run) || !wantsStart(session));
  return (isOfRun ? run.policyName : session.spec.policyName) ?? DEFAULT_POLICY;
}

/**
 * Why the policy does not allow what the session asks for, if it does not. Without a pod, what depends on it is left
 * open.
 */
export function permit(session: DebugSession, { policy, namespace }: Rules, pod?: Pod): Objection | undefined {
  const name = policyNameOf(session);
  if (policy.kind === 'unread')
    return later('PolicyNotFound', `DebugPolicy ${name} is not known yet: ${policy.message}`);
  if (policy.kind === 'absent')
    return later('PolicyNotFound', `There is no DebugPolicy ${name}; waiting for it to appear`);
  if (namespace.unread !== undefined) return later('Forbidden', namespace.unread);
  const asked: Asked = { spec: session.spec, namespace: whereOf(session, namespace), ...(pod && { pod }) };
  const reasons = evaluate(policy.spec, asked);
  if (reasons.length === 0) return undefined;
  return never('PolicyDenied', refusal(name, reasons));
}

/**
 * The session as its intent recorded it, which is what is injected: the spec, and the default of the policy, may say
 * something else by now.
 */
export function asRecorded(session: DebugSession, { image = session.spec.image, effective }: Run): DebugSession {
  const { ttl, profile, supervisor } = effective ?? effectiveValues(session.spec);
  return { ...session, spec: { ...session.spec, image, ttl, profile, supervisor } };
}

/** Whether its policy says, or said when it began, that what is not allowed any more is ended. */
export function isRevocable(run: Run, policy: DebugPolicySpec): boolean {
  return run.revocable === true || policy.revokeRunning === true;
}

/**
 * Whether a container that runs is to be ended because its policy does not allow it any more, or is gone. The record
 * counts and not the spec, which may be about another attempt by now. What cannot be read revokes nothing.
 */
export function isRevoked(session: DebugSession, run: Run, { policy, namespace }: Rules, pod: Pod): boolean {
  if (policy.kind === 'unread' || namespace.unread !== undefined) return false;
  if (policy.kind === 'absent') return run.revocable === true;
  if (!isRevocable(run, policy.spec)) return false;
  const { image = session.spec.image, allowances = [], meets = [] } = run;
  const { profile, ttl } = run.effective ?? effectiveValues(session.spec);
  const asked = { spec: session.spec, namespace: whereOf(session, namespace), pod };
  return !stillAllows(policy.spec, { image, profile, ttl, allowances, meets }, asked);
}

function whereOf({ metadata }: DebugSession, { isSystem, labels }: NamespaceView): Asked['namespace'] {
  return { name: metadata.namespace, isSystem, ...(labels && { labels }) };
}
