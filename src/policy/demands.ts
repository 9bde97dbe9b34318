import type { DebugPolicySpec } from '../api/debugpolicy.ts';
import type { Demands } from '../api/debugsession.ts';

/**
 * What the policy demands of the end of a run, whatever the session says. Empty: nothing, so what the session says
 * counts.
 */
export function demandsOf({ onUnstoppable, podAfterSession }: DebugPolicySpec): Demands {
  return {
    ...(onUnstoppable === 'EvictPod' && { onUnstoppable }),
    ...(podAfterSession === 'Evict' && { podAfterSession }),
  };
}
