import { GROUP, VERSION } from '../api/debugsession.ts';
import { type DebugPolicy, DEFAULT_POLICY, POLICY_PLURAL } from '../api/debugpolicy.ts';
import { BUILT_IN_POLICY } from '../policy/built-in.ts';
import { Informer } from '../runtime/informer.ts';
import type { ListWatchSource } from '../runtime/list-watch.ts';
import type { Logger } from '../runtime/logger.ts';
import type { PolicyView } from '../session/look/rules.ts';
import { trimPolicy } from './trim.ts';

export const POLICIES_PATH = `/apis/${GROUP}/${VERSION}/${POLICY_PLURAL}`;

export interface DebugPoliciesOptions {
  source: ListWatchSource;
  /** One was made, changed or deleted. */
  onChange: () => void;
  logger: Logger;
}

/**
 * The DebugPolicies of the cluster as a watch shows them; without an object named default, the built-in one stands for
 * it.
 */
export class DebugPolicies {
  readonly #informer: Informer<DebugPolicy>;

  constructor({ source, onChange, logger }: DebugPoliciesOptions) {
    this.#informer = new Informer<DebugPolicy>({
      name: POLICY_PLURAL,
      source,
      transform: (raw) => trimPolicy(raw as DebugPolicy),
      logger,
    });
    this.#informer.store.onChange(onChange);
  }

  get(name: string): PolicyView {
    const { store, failure } = this.#informer;
    if (!this.#informer.hasSynced())
      return { kind: 'unread', message: failure ?? 'the policies have not been read yet' };
    const policy = store.get(name);
    if (policy !== undefined) return { kind: 'found', spec: policy.spec };
    return name === DEFAULT_POLICY ? { kind: 'found', spec: BUILT_IN_POLICY } : { kind: 'absent' };
  }

  /** Resolves when they have been read; pending for ever where that never happens. */
  get synced(): Promise<unknown> {
    return this.#informer.synced;
  }

  /** Follows them until `signal` aborts. It never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }
}
