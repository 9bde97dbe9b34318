import { PROFILE_NAMES } from '../../../src/api/profiles.ts';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import { RulesLookup, type RulesLookupParts } from '../../../src/reconcile/rules-lookup.ts';
import type { PolicyView, Rules } from '../../../src/session/look/rules.ts';

/** Allows whatever can be asked for: for tests that are about something else. */
export const OPEN_POLICY: DebugPolicySpec = {
  images: ['*/**:*', '*/**@*:*'],
  profiles: PROFILE_NAMES,
  ttl: { max: '8760h' },
  allow: [
    'TargetContainer',
    'Env',
    'SecretEnv',
    'SecurityContext',
    'VolumeMounts',
    'SupervisorNone',
    'EvictPod',
    'PrivilegedPods',
    'HostPods',
    'SystemNamespaces',
    'Attachers',
  ],
};

/** The rules of a session under it. */
export const OPEN_RULES: Rules = { policy: { kind: 'found', spec: OPEN_POLICY }, namespace: { isSystem: false } };

/**
 * Looks them up for every session, and asks whether who asked may use the policy.
 * @param more what that policy says besides
 * @param approvalsOf what is known of the approvals of a session; absent: nobody looks
 */
export function openRules(
  api: RulesLookupParts['api'],
  more: Partial<DebugPolicySpec> = {},
  approvalsOf?: RulesLookupParts['approvalsOf'],
): RulesLookup {
  const authority: RulesLookupParts['authority'] = () => ({ kind: 'inForce', since: 0 });
  const policy: PolicyView = { kind: 'found', spec: { ...OPEN_POLICY, ...more } };
  return new RulesLookup({ api, authority, policyOf: () => policy, isSystem: () => false, approvalsOf });
}
