import { DEFAULT_POLICY, type DebugPolicy, type DebugPolicySpec } from '../api/debugpolicy.ts';
import { BUILT_IN_POLICY } from '../policy/built-in.ts';
import { Fault } from './fault.ts';
import type { Kubectl } from './kubectl.ts';

/** By its path, so that kubectl asks for nothing else first. */
export const POLICIES_PATH = '/apis/debugsession.dev/v1alpha1/debugpolicies';

/** What is known of the policy of a session. */
export type KnownPolicy =
  | { kind: 'known'; name: string; spec: DebugPolicySpec }
  /** There is none, or the person may not read it: to use a policy nobody needs to see it. */
  | { kind: 'unknown'; name: string; why: string };

/**
 * The policy of this name; without a name the one that counts then.
 * @throws Fault when the cluster cannot be reached, or has no DebugSession
 */
export async function lookUpPolicy(kubectl: Kubectl, name: string = DEFAULT_POLICY): Promise<KnownPolicy> {
  const answer = await kubectl.read(`${POLICIES_PATH}/${encodeURIComponent(name)}`);
  if (answer.kind === 'done') return { kind: 'known', name, spec: (JSON.parse(answer.stdout) as DebugPolicy).spec };
  const { kind, lines } = answer.refusal;
  if (kind === 'NotFound' && name === DEFAULT_POLICY) return { kind: 'known', name, spec: BUILT_IN_POLICY };
  if (kind === 'NotFound') return { kind: 'unknown', name, why: `there is no DebugPolicy ${name}` };
  if (kind === 'Forbidden') return { kind: 'unknown', name, why: `you may not read DebugPolicy ${name}` };
  throw new Fault(lines);
}
