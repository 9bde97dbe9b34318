import type { DebugPolicySpec, PolicyLimits, StopBy } from '../../api/debugpolicy.ts';
import type { ApprovalsView } from './approvals.ts';

/** What is known of a DebugPolicy. */
export type PolicyView =
  | { kind: 'found'; spec: DebugPolicySpec }
  | { kind: 'absent' }
  /** It could not be read (yet). */
  | { kind: 'unread'; message: string };

/** What decides whether a session may have what it asks for, besides the session and its pod. */
export interface Rules {
  policy: PolicyView;
  namespace: NamespaceView;
  /** Absent: nobody has looked. */
  approvals?: ApprovalsView;
}

export interface NamespaceView {
  /** One of Kubernetes' own, or the operator's. */
  isSystem: boolean;
  /** Absent: the policy does not ask about them. */
  labels?: Record<string, string>;
  /** Why the labels could not be read. */
  unread?: string;
}

/** The limits of the policy, as far as they are known. */
export function limitsOf(policy: PolicyView | undefined): PolicyLimits {
  return (policy?.kind === 'found' ? policy.spec.limits : undefined) ?? {};
}

/** Whether a pod may be evicted because a session asks for it. What is not known allows nothing. */
export function mayEvict(rules: Rules | undefined): boolean {
  return rules?.policy.kind === 'found' && rules.policy.spec.allow?.includes('EvictPod') === true;
}

/**
 * When the runtime of a node is asked to end a container. What is not known allows nothing; a policy that was deleted
 * forbids nothing.
 */
export function stopByOf(rules: Rules | undefined): StopBy {
  const { policy } = rules ?? UNREAD_RULES;
  if (policy.kind === 'unread') return 'InsideOnly';
  return (policy.kind === 'found' ? policy.spec.stopBy : undefined) ?? 'InsideFirst';
}

/** Nobody has looked. */
export const UNREAD_RULES: Rules = {
  policy: { kind: 'unread', message: 'the policies have not been read yet' },
  namespace: { isSystem: true },
};
