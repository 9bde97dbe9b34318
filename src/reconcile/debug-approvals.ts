import { cutter, KEPT } from '../api/cut.ts';
import { APPROVAL_PLURAL, type DebugApproval, type DebugApprovalSpec } from '../api/debugapproval.ts';
import { type DebugSession, GROUP, VERSION } from '../api/debugsession.ts';
import { Informer } from '../runtime/informer.ts';
import type { ListWatchSource } from '../runtime/list-watch.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { keyOf } from '../runtime/store.ts';
import type { ApprovalsView } from '../session/look/approvals.ts';
import type { Authority } from '../session/look/authority.ts';

/** @param namespace absent: of all */
export const approvalsPath = (namespace?: string): string =>
  namespace === undefined
    ? `/apis/${GROUP}/${VERSION}/${APPROVAL_PLURAL}`
    : `/apis/${GROUP}/${VERSION}/namespaces/${encodeURIComponent(namespace)}/${APPROVAL_PLURAL}`;

export interface DebugApprovalsOptions {
  /** Empty: all. */
  namespaces: readonly string[];
  source: (namespace: string | undefined) => ListWatchSource;
  /** What is known now of the admission policy that says who approves. */
  authority: () => Authority;
  /** One that names this session was made, changed or deleted. */
  onChange: (sessionKey: string) => void;
  logger: Logger;
  /** Default: the real ones. */
  clock?: Clock;
  random?: () => number;
}

const cutMeta = cutter<DebugApproval['metadata']>({
  name: KEPT,
  namespace: KEPT,
  uid: KEPT,
  resourceVersion: KEPT,
  creationTimestamp: KEPT,
  deletionTimestamp: KEPT,
});

const cutSpec = cutter<DebugApprovalSpec>({
  sessionName: KEPT,
  sessionUID: KEPT,
  attempt: KEPT,
  requestHash: KEPT,
  policyName: KEPT,
  decision: KEPT,
  reason: KEPT,
  approvedBy: KEPT,
});

/** Cuts an approval down to what is judged: whoever applied it may have left many annotations. */
export const trimApproval = cutter<DebugApproval>({
  apiVersion: KEPT,
  kind: KEPT,
  metadata: ({ metadata }) => cutMeta(metadata),
  spec: ({ spec }) => cutSpec(spec),
});

/**
 * The DebugApprovals as watches show them, found by the session that they name: ten thousand approvals of one session
 * cost the others nothing. Where the resource is not installed, nothing is known, and no run that needs one begins.
 */
export class DebugApprovals {
  /** By namespace; under '' the one for all namespaces. */
  readonly #informers = new Map<string, Informer<DebugApproval>>();
  /** By `namespace/name` of the session, then by the approval's own. */
  readonly #bySession = new Map<string, Map<string, DebugApproval>>();
  readonly #authority: () => Authority;

  constructor({ namespaces, source, authority, onChange, logger, ...time }: DebugApprovalsOptions) {
    this.#authority = authority;
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces) {
      const name = namespace === undefined ? APPROVAL_PLURAL : `${APPROVAL_PLURAL} ${namespace}/*`;
      const transform = (raw: unknown): DebugApproval => trimApproval(raw as DebugApproval);
      const informer = new Informer<DebugApproval>({ name, source: source(namespace), transform, logger, ...time });
      informer.store.onChange((change, _key, approval) => {
        this.#follow(change === 'DELETED', approval);
        onChange(sessionOf(approval));
      });
      this.#informers.set(namespace ?? '', informer);
    }
  }

  /** What is known of those that name the session. */
  of(session: DebugSession): ApprovalsView {
    const informer = this.#informers.get(session.metadata.namespace) ?? this.#informers.get('');
    if (informer?.hasSynced() !== true)
      return { kind: 'unread', message: informer?.failure ?? 'they have not been read yet' };
    const approvals = [...(this.#bySession.get(keyOf(session))?.values() ?? [])];
    return { kind: 'known', authority: this.#authority(), approvals };
  }

  /** Resolves when they have been read; pending for ever where that never happens. */
  get synced(): Promise<unknown> {
    return Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }

  /** Follows them until `signal` aborts. It never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.run(signal)));
  }

  #follow(isGone: boolean, approval: DebugApproval): void {
    const session = sessionOf(approval);
    const known = this.#bySession.get(session) ?? new Map<string, DebugApproval>();
    if (isGone) known.delete(keyOf(approval));
    else known.set(keyOf(approval), approval);
    if (known.size === 0) this.#bySession.delete(session);
    else this.#bySession.set(session, known);
  }
}

function sessionOf({ metadata, spec }: DebugApproval): string {
  return `${metadata.namespace}/${spec.sessionName}`;
}
