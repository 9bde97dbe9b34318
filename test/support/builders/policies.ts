import { type DebugPolicySpec, POLICY_KIND, POLICY_PLURAL } from '../../../src/api/debugpolicy.ts';
import { API_VERSION } from '../../../src/api/debugsession.ts';
import type { Stage } from '../cluster/stage.ts';

const PATH = `/apis/${API_VERSION}/${POLICY_PLURAL}`;
/** Enough for what tests ask for in general. */
const PLAIN: DebugPolicySpec = { images: ['docker.io/library/busybox:*'], profiles: ['general'] };

/** DebugPolicies of a test: they are of the whole cluster, so their names begin with the namespace of its stage. */
export class Policies {
  readonly #stage: Stage;
  readonly #made = new Set<string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The name that {@link create} gives: for a session that is asked for before its policy is there. */
  nameOf(name: string): string {
    return `${this.#stage.namespace}-${name}`;
  }

  /** @param more than the image of the tests with the profile general @returns the name for spec.policyName */
  async create(name: string, more: DebugPolicySpec = {}): Promise<string> {
    const full = this.nameOf(name);
    this.#made.add(full);
    const body = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name: full }, spec: { ...PLAIN, ...more } };
    await this.#stage.client.create(PATH, body);
    return full;
  }

  /** @param name as {@link create} gave it */
  async change(name: string, spec: DebugPolicySpec): Promise<void> {
    await this.#stage.client.patch(`${PATH}/${name}`, { spec }, { type: 'merge' });
  }

  async delete(name: string): Promise<void> {
    this.#made.delete(name);
    await this.#stage.client.delete(`${PATH}/${name}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made].map((name) => this.delete(name)));
  }
}
