import { MAX_MESSAGE } from '../api/conditions.ts';
import { cutToPoints } from '../text/cut-to-points.ts';

/**
 * What is said where a policy refuses a session: the same line in the status, and from the API server
 * (config/admission/verdict-policy.yaml).
 * @param reasons of `evaluate`, each one printable line
 */
export function refusal(policyName: string, reasons: readonly string[]): string {
  return cutToPoints(`DebugPolicy ${policyName} does not allow this: ${reasons.join('; ')}`, MAX_MESSAGE);
}
