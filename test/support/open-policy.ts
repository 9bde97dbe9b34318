import type { DebugPolicySpec } from '../../src/api/debugpolicy.ts';
import { RulesLookup, type RulesLookupParts } from '../../src/reconcile/rules-lookup.ts';
import type { Rules } from '../../src/session/permission.ts';

/** Allows whatever can be asked for: for tests that are about something else. */
export const OPEN_POLICY: DebugPolicySpec = {
  images: ['*/**:*', '*/**@*:*'],
  profiles: ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin'],
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

/** Looks them up for every session, and asks whether who asked may use the policy. */
export function openRules(api: RulesLookupParts['api']): RulesLookup {
  const authority: RulesLookupParts['authority'] = () => ({ kind: 'inForce', since: 0 });
  return new RulesLookup({ api, authority, policyOf: () => OPEN_RULES.policy, isSystem: () => false });
}
