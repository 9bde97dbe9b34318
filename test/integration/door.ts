import type { DebugPolicySpec } from '../../src/api/debugpolicy.ts';
import { POLICY_KIND, POLICY_PLURAL } from '../../src/api/debugpolicy.ts';
import { API_VERSION, type DebugSessionSpec, KIND } from '../../src/api/debugsession.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { refusal } from '../../src/policy/refusal.ts';
import { isSystemNamespace } from '../../src/policy/system-namespace.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiServer } from '../support/cluster/api-server.ts';
import { OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { longEnough } from '../support/patience.ts';

const POLICIES = `/apis/${API_VERSION}/${POLICY_PLURAL}`;
export const DENIED =
  /^.* is forbidden: ValidatingAdmissionPolicy 'debugsession-verdict' with binding 'debugsession-verdict' denied request: /s;

export type Spec = Partial<DebugSessionSpec>;

export interface Place {
  name: string;
  labels: Record<string, string>;
}

/** The verdict of config/admission/verdict-policy.yaml on sessions that are not kept. */
export class Door {
  readonly #server: ApiServer;
  readonly #prefix: string;
  #count = 0;
  readonly #made = new Set<string>();

  constructor(server: ApiServer, prefix: string) {
    this.#server = server;
    this.#prefix = prefix;
  }

  /** A name that no policy has. */
  nextName(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }

  /** @returns its name, once the API server judges by it */
  async policy(spec: DebugPolicySpec, name = this.nextName()): Promise<string> {
    const after = `${name}-after`;
    await this.#create(name, spec);
    // The API server sees changes in their order: whoever sees the later policy sees the earlier one.
    await this.#create(after, {});
    const late = AbortSignal.timeout(longEnough());
    while (!late.aborted) {
      const answer = await this.asks('default', after, {});
      if (DENIED.test(answer)) {
        await this.remove(after);
        return name;
      }
      await delay(25);
    }
    throw new Error(`the API server does not judge by DebugPolicy ${after}`);
  }

  async remove(name: string): Promise<void> {
    this.#made.delete(name);
    await this.#server.remove(`${POLICIES}/${name}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made].map((name) => this.remove(name)));
  }

  /** What the API server answers to the creation; empty: it takes the session. */
  async asks(namespace: string, policyName: string, more: Spec): Promise<string> {
    const spec = { target: { podName: 'web' }, image: 'busybox', policyName, ...more };
    const path = `/apis/${API_VERSION}/namespaces/${namespace}/debugsessions`;
    const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'asks' }, spec };
    return (await this.#server.post(`${path}?dryRun=All&fieldValidation=Strict`, body)).message;
  }

  /** The same in the words of the policy alone; whatever else the API server says stays as it is. */
  async verdict(place: Place, policyName: string, more: Spec): Promise<string> {
    return (await this.asks(place.name, policyName, more)).replace(DENIED, '');
  }

  async #create(name: string, spec: DebugPolicySpec): Promise<void> {
    this.#made.add(name);
    const body = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name }, spec };
    const { status, message } = await this.#server.post(POLICIES, body);
    if (status !== 201) throw new Error(message);
  }
}

/** What the operator says of the same without a look at the pod. */
export function ownVerdict(place: Place, policyName: string, policy: DebugPolicySpec, more: Spec): string {
  const spec = { target: { podName: 'web' }, image: 'busybox', attempt: 1, policyName, ...more };
  const namespace = { ...place, isSystem: isSystemNamespace(place.name, OPERATOR_NAMESPACE) };
  const reasons = evaluate(policy, { spec, namespace });
  return reasons.length === 0 ? '' : refusal(policyName, reasons);
}
