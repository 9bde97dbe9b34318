import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { DebugPolicySpec, PolicyApproval } from '../../../src/api/debugpolicy.ts';
import { findCondition } from '../../../src/api/conditions.ts';
import type { Policies } from '../builders/policies.ts';
import { letUse } from './let-use.ts';
import type { Person } from './person.ts';
import type { Stage } from './stage.ts';

export interface ApprovedPolicy {
  policies: Policies;
  /** Who may use it. */
  person: Person;
  name: string;
  approval?: Partial<PolicyApproval>;
  more?: DebugPolicySpec;
}

/** A policy that demands one approval, unless it is said otherwise, and somebody who may use it: its whole name. */
export async function policyWithApproval(stage: Stage, wanted: ApprovedPolicy): Promise<string> {
  const { policies, person, name, approval = {}, more = {} } = wanted;
  const policyName = await policies.create(name, { ...more, approval: { required: 1, ...approval } });
  await letUse(stage, person, policyName);
  return policyName;
}

/** What a session waits for, in words. */
export function waitingWords({ status }: DebugSession): string {
  return findCondition(status?.conditions, 'Reconciling')?.message ?? '';
}
