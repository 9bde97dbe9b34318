import { createHash } from 'node:crypto';
import { canonicalJson } from '../api/canonical-json.ts';
import { fromTimestamp } from '../api/time.ts';
import type { ListWatchSource } from '../runtime/list-watch.ts';
import { Informer } from '../runtime/informer.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Authority } from '../session/look/authority.ts';

/** Name of the admission policy on spec.requestedBy, and of its binding (config/admission). */
export const REQUESTER_POLICY = 'debugsession-requester';

/**
 * sha256 (hex) over the specs of policy and binding as config/admission has them: what is not exactly that is no policy
 * that this operator knows. test/unit/requester-policy.test.ts says what they have to be.
 */
export const FINGERPRINTS = {
  policy: '969b482d0eef4c4745765df797b5d049ef7f4ebdc62a195f8562807d8996ba7e',
  binding: 'c5fd5d8839146c7a49bfb781c576d22ad7ab4f5ad9ecfca10a319d772ad2c06c',
} as const;

/** The policy of 0.1.0 checks the requester as strictly. An operator may be newer than its manifests. */
const OF_0_1_0 = 'fa8392e64494f0ff32dfe0925d23e4ff5e6d3b36a70071d3ce81dc5ebf264946';

type Part = 'policy' | 'binding';

/** An admission policy and its binding, of one name, as this operator knows them. */
export interface KnownPolicy {
  name: string;
  fingerprints: Readonly<Record<Part, readonly string[]>>;
}

const OF_REQUESTERS: KnownPolicy = {
  name: REQUESTER_POLICY,
  fingerprints: { policy: [FINGERPRINTS.policy, OF_0_1_0], binding: [FINGERPRINTS.binding] },
};
/** The policy on spec.approvedBy of approvals. */
export const OF_APPROVERS: KnownPolicy = {
  name: 'debugsession-approver',
  fingerprints: {
    policy: ['8664257598060b8adfd111145cec8404cca5f544ad4839b88c5d0ad20f2e25d8'],
    binding: ['5577dfbb20c42fd7d91b25fa6f0d594d1e11bc60f8bf2dcf569d534566ecda04'],
  },
};

const PATH = '/apis/admissionregistration.k8s.io/v1';
const PATHS: Record<Part, string> = {
  policy: `${PATH}/validatingadmissionpolicies`,
  binding: `${PATH}/validatingadmissionpolicybindings`,
};
const KINDS: Record<Part, string> = {
  policy: 'ValidatingAdmissionPolicy',
  binding: 'ValidatingAdmissionPolicyBinding',
};

/** Apply would leave what was added to it. */
const REPLACE = 'kubectl replace -k config/admission, of the version of this operator';

/** As much as is looked at. */
interface Known {
  metadata: { name: string; resourceVersion: string; uid: string };
  fingerprint: string;
  /** ms since the epoch. */
  changedAt: number;
}

interface RawPolicy {
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp?: string;
    managedFields?: { time?: string; subresource?: string }[];
  };
  spec?: unknown;
}

export interface RequesterPolicyWatchOptions {
  /** Absent: the policy on requesters. */
  of?: KnownPolicy;
  /** Lists and watches the one object of that name. */
  source: (path: string, name: string) => ListWatchSource;
  /** Something about it has changed. */
  onChange: () => void;
  logger: Logger;
}

/**
 * Follows an admission policy that says who asks, or who approves, so that nothing is injected by what was not admitted
 * under it.
 */
export class RequesterPolicyWatch {
  readonly #of: KnownPolicy;
  readonly #informers: Record<Part, Informer<Known>>;

  constructor({ of = OF_REQUESTERS, source, onChange, logger }: RequesterPolicyWatchOptions) {
    this.#of = of;
    const follow = (part: Part): Informer<Known> => {
      const transform = (raw: unknown): Known => know(raw as RawPolicy);
      const name = this.#words(part);
      const informer = new Informer<Known>({ name, source: source(PATHS[part], of.name), transform, logger });
      informer.store.onChange(onChange);
      return informer;
    };
    this.#informers = { policy: follow('policy'), binding: follow('binding') };
  }

  /** What is known now. */
  get authority(): Authority {
    const since: number[] = [];
    for (const part of ['policy', 'binding'] as const) {
      const informer = this.#informers[part];
      if (!informer.hasSynced())
        return { kind: 'unread', message: informer.failure ?? `${this.#words(part)} has not been read yet` };
      const known = informer.store.get(this.#of.name);
      if (known === undefined)
        return { kind: 'missing', message: `there is no ${this.#words(part)}: kubectl apply -k config/admission` };
      if (!this.#of.fingerprints[part].includes(known.fingerprint))
        return { kind: 'missing', message: `${this.#words(part)} is not what this operator knows: ${REPLACE}` };
      since.push(known.changedAt);
    }
    return { kind: 'inForce', since: Math.max(...since) };
  }

  #words(part: Part): string {
    return `${KINDS[part]} ${this.#of.name}`;
  }

  /** Resolves when both have been read; pending for ever where that never happens. */
  get synced(): Promise<unknown> {
    return Promise.all(Object.values(this.#informers).map((informer) => informer.synced));
  }

  /** Follows until `signal` aborts. It never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Object.values(this.#informers).map((informer) => informer.run(signal)));
  }
}

/** The newest change that anybody made to it, its status aside: an API server writes that. */
function know({ metadata, spec }: RawPolicy): Known {
  const { name, uid, resourceVersion } = metadata;
  const writes = (metadata.managedFields ?? []).filter(({ subresource }) => subresource !== 'status');
  const times = [metadata.creationTimestamp, ...writes.map(({ time }) => time)].map((time) => fromTimestamp(time) ?? 0);
  return { metadata: { name, uid, resourceVersion }, fingerprint: fingerprintOf(spec), changedAt: Math.max(...times) };
}

/** @param spec of a policy or a binding */
export function fingerprintOf(spec: unknown): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}
