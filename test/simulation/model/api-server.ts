import type { DebugSession, DebugSessionSpec, DebugSessionStatus } from '../../../src/api/debugsession.ts';
import { APPROVAL_KIND, type DebugApproval, type DebugApprovalSpec } from '../../../src/api/debugapproval.ts';
import { API_VERSION, FINALIZER, KIND, LIVE_LABEL } from '../../../src/api/debugsession.ts';
import { canonicalJson } from '../../../src/api/canonical-json.ts';
import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { ApiError } from '../../../src/kube/api-error.ts';

export const NAMESPACE = 'shop';

/** A pod as stored: the containers that were injected stand in it whole. */
export interface StoredPod {
  metadata: Pod['metadata'] & { labels?: Record<string, string> };
  spec: Omit<Pod['spec'], 'ephemeralContainers'> & { ephemeralContainers?: EphemeralContainer[] };
  status: Pod['status'];
}

/** Of a server that has stored nothing yet. */
export const FIRST_VERSION = 100;

export type Stored = DebugSession | StoredPod | DebugApproval;
export type Resource = 'debugsessions' | 'pods' | 'debugapprovals';

/** One entry of the history that watches are served from. */
export interface Change {
  resource: Resource;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Stored;
  version: number;
}

/** Told of what is about to be stored, with what was there before. It throws where a promise is broken. */
export interface Witness {
  status(before: DebugSession, after: DebugSession): void;
  injection(pod: StoredPod, container: EphemeralContainer): void;
  /** The operator deletes it, for good. */
  removal(session: DebugSession): void;
  /** The operator asks for the eviction of a pod that is there. */
  eviction(pod: StoredPod): void;
  /** A session is there, or has changed, or (`undefined`) is no more. */
  stored(name: string, session: DebugSession | undefined): void;
  /** A person has decided, or (`isGone`) has taken that back. */
  approval(approval: DebugApproval, isGone: boolean): void;
}

/**
 * As much of an API server as a session's life meets: resource versions and conflicts, generations, finalizers and
 * deletion, the status subresource, strategic merge of ephemeral containers, and a history to watch. Everything stored
 * is frozen: who changes it fails.
 */
export class ApiServer {
  readonly sessions = new Map<string, DebugSession>();
  readonly pods = new Map<string, StoredPod>();
  readonly approvals = new Map<string, DebugApproval>();
  readonly history: Change[] = [];
  readonly #witness: Witness;
  #version = FIRST_VERSION;
  #uids = 0;

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  get version(): number {
    return this.#version;
  }

  // What the operator may ask.

  /** PATCH debugsessions (merge): the finalizers and the live label, for just the object that the caller knows. */
  patchFinalizers(name: string, body: { metadata: DebugSession['metadata'] }): DebugSession {
    const keys = [...Object.keys(body), ...Object.keys(body.metadata)].sort().join();
    if (keys !== 'finalizers,labels,metadata,resourceVersion,uid')
      throw new Error(`the patch of a session touches ${keys}`);
    const session = this.#session(name, body.metadata);
    const finalizers = body.metadata.finalizers ?? [];
    const live = (body.metadata.labels as Record<string, string | null>)[LIVE_LABEL];
    const labels: Record<string, string> = typeof live === 'string' ? { [LIVE_LABEL]: live } : {};
    const before = session.metadata.finalizers ?? [];
    const deleted = session.metadata.deletionTimestamp !== undefined;
    if (deleted && finalizers.some((finalizer) => !before.includes(finalizer)))
      throw refusal(422, 'no new finalizers can be added if the object is being deleted');
    const isSame = canonicalJson(labels) === canonicalJson(session.metadata.labels ?? {});
    if (isSame && canonicalJson(finalizers) === canonicalJson(before)) return session;
    const next = { ...session, metadata: { ...session.metadata, finalizers, labels } };
    if (deleted && finalizers.length === 0) {
      this.sessions.delete(name);
      this.#publish('debugsessions', 'DELETED', next);
      return next;
    }
    return this.#store('debugsessions', 'MODIFIED', next);
  }

  /** PUT debugsessions/status: nothing but the status counts. */
  putStatus(name: string, body: DebugSession): DebugSession {
    const before = this.#session(name, body.metadata);
    const status = body.status as DebugSessionStatus;
    if (canonicalJson(status) === canonicalJson(before.status)) return before;
    const after = { ...before, status: structuredClone(status) };
    this.#witness.status(before, after);
    return this.#store('debugsessions', 'MODIFIED', after);
  }

  /** PATCH pods/ephemeralcontainers (strategic merge by name). */
  patchContainers(
    name: string,
    body: { metadata: { uid?: string; resourceVersion?: string }; spec: { ephemeralContainers: EphemeralContainer[] } },
  ): StoredPod {
    const pod = this.pods.get(name);
    if (pod === undefined) throw notFound('pods', name);
    if (body.metadata.uid !== undefined && body.metadata.uid !== pod.metadata.uid)
      throw refusal(422, 'field is immutable', 'metadata.uid');
    const { resourceVersion = pod.metadata.resourceVersion } = body.metadata;
    if (resourceVersion !== pod.metadata.resourceVersion)
      throw refusal(409, 'the object has been modified', 'metadata');
    const standing = pod.spec.ephemeralContainers ?? [];
    const added = body.spec.ephemeralContainers.filter((wanted) => {
      const same = standing.find((container) => container.name === wanted.name);
      if (same !== undefined && canonicalJson(same) !== canonicalJson(wanted))
        throw refusal(422, 'existing ephemeral containers may not be changed', 'spec.ephemeralContainers');
      return same === undefined;
    });
    if (added.length === 0) return pod;
    for (const container of added) this.#witness.injection(pod, container);
    return this.#store('pods', 'MODIFIED', {
      ...pod,
      spec: { ...pod.spec, ephemeralContainers: [...standing, ...structuredClone(added)] },
    });
  }

  /** DELETE debugsessions: just the object that the caller knows, and one that nobody holds. */
  expireSession(
    name: string,
    { preconditions }: { preconditions?: { uid?: string; resourceVersion?: string } },
  ): { kind: string } {
    const { uid, resourceVersion } = preconditions ?? {};
    if (uid === undefined || resourceVersion === undefined) throw new Error('a session is deleted unseen');
    const session = this.#session(name, { uid, resourceVersion });
    this.#witness.removal(session);
    this.#removeSession(session);
    return { kind: 'Status' };
  }

  /**
   * POST pods/eviction: the pod's graceful deletion begins.
   * @param blocked a PodDisruptionBudget stands against it
   */
  evict(
    name: string,
    body: { deleteOptions?: { preconditions?: { uid?: string } } },
    at: { now: string; blocked: boolean },
  ): { kind: string } {
    const pod = this.pods.get(name);
    if (pod === undefined) throw notFound('pods', name);
    const uid = body.deleteOptions?.preconditions?.uid;
    if (uid === undefined) throw new Error('a pod is evicted unseen');
    if (uid !== pod.metadata.uid) throw refusal(409, 'Precondition failed: UID in precondition');
    this.#witness.eviction(pod);
    if (at.blocked) throw refusal(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    this.deletePod(pod, at.now);
    return { kind: 'Status' };
  }

  // What people, controllers and kubelets do.

  /** Admission puts finalizer and live label on every other one: while no operator leads it does not. */
  createSession(name: string, spec: DebugSessionSpec, now: string): void {
    this.#uids += 1;
    const isGuarded = this.#uids % 2 === 0 && spec.cancel !== true;
    const metadata = {
      ...(isGuarded && { finalizers: [FINALIZER], labels: { [LIVE_LABEL]: 'true' } }),
      name,
      namespace: NAMESPACE,
      uid: `session-${this.#uids}`,
      resourceVersion: '',
      generation: 1,
      creationTimestamp: now,
    };
    const status = { observedGeneration: -1 };
    this.#store('debugsessions', 'ADDED', { apiVersion: API_VERSION, kind: KIND, metadata, spec, status });
  }

  editSession(session: DebugSession, spec: Partial<DebugSessionSpec>): void {
    const generation = (session.metadata.generation ?? 0) + 1;
    this.#store('debugsessions', 'MODIFIED', {
      ...session,
      spec: { ...session.spec, ...spec },
      metadata: { ...session.metadata, generation },
    });
  }

  /** As `kubectl replace` does: what the manifest does not name is lost. */
  replaceSession(session: DebugSession): void {
    if ((session.metadata.finalizers ?? []).length === 0) return;
    const next = { ...session, metadata: { ...session.metadata, finalizers: [], labels: {} } };
    if (session.metadata.deletionTimestamp === undefined) this.#store('debugsessions', 'MODIFIED', next);
    else this.#removeSession(next);
  }

  deleteSession(session: DebugSession, now: string): void {
    if (session.metadata.deletionTimestamp !== undefined) return;
    if ((session.metadata.finalizers ?? []).length === 0) return this.#removeSession(session);
    const generation = (session.metadata.generation ?? 0) + 1;
    const metadata = { ...session.metadata, deletionTimestamp: now, generation };
    this.#store('debugsessions', 'MODIFIED', { ...session, metadata });
  }

  /** Admission has stamped who decides. */
  createApproval(spec: DebugApprovalSpec, now: string): void {
    this.#uids += 1;
    const name = `approval-${this.#uids}`;
    const metadata = { name, namespace: NAMESPACE, uid: name, resourceVersion: '', creationTimestamp: now };
    const approval = { apiVersion: API_VERSION, kind: APPROVAL_KIND, metadata, spec };
    this.#witness.approval(this.#store('debugapprovals', 'ADDED', approval), false);
  }

  removeApproval(approval: DebugApproval): void {
    this.approvals.delete(approval.metadata.name);
    this.#publish('debugapprovals', 'DELETED', approval);
    this.#witness.approval(approval, true);
  }

  createPod(name: string, pod: Pick<StoredPod, 'spec' | 'status'>, now: string): void {
    this.#uids += 1;
    const metadata = {
      name,
      namespace: NAMESPACE,
      uid: `pod-${this.#uids}`,
      resourceVersion: '',
      creationTimestamp: now,
      labels: { app: 'web' },
      ownerReferences: [{ kind: 'StatefulSet', name: 'web', uid: 'web-uid', controller: true }],
    };
    this.#store('pods', 'ADDED', { metadata, ...pod });
  }

  updatePod(pod: StoredPod, change: Partial<StoredPod>): void {
    this.#store('pods', 'MODIFIED', { ...pod, ...change });
  }

  /** Gracefully: the kubelet ends it. */
  deletePod(pod: StoredPod, now: string): void {
    if (pod.metadata.deletionTimestamp === undefined)
      this.updatePod(pod, { metadata: { ...pod.metadata, deletionTimestamp: now } });
  }

  removePod(pod: StoredPod): void {
    this.pods.delete(pod.metadata.name);
    this.#publish('pods', 'DELETED', pod);
  }

  #removeSession(session: DebugSession): void {
    this.sessions.delete(session.metadata.name);
    this.#publish('debugsessions', 'DELETED', session);
  }

  #session(name: string, known: { uid?: string; resourceVersion?: string }): DebugSession {
    const session = this.sessions.get(name);
    if (session === undefined) throw notFound('debugsessions', name);
    const { uid, resourceVersion } = session.metadata;
    if (known.uid !== undefined && known.uid !== uid) throw refusal(409, 'Precondition failed: UID in precondition');
    if (known.resourceVersion !== undefined && known.resourceVersion !== resourceVersion)
      throw refusal(409, 'the object has been modified; please apply your changes to the latest version');
    return session;
  }

  #store<T extends Stored>(resource: Resource, type: Change['type'], object: T): T {
    const stored = this.#publish(resource, type, object);
    const { name } = stored.metadata;
    if (resource === 'pods') this.pods.set(name, stored as StoredPod);
    else if (resource === 'debugapprovals') this.approvals.set(name, stored as DebugApproval);
    else this.sessions.set(name, stored as DebugSession);
    return stored;
  }

  #publish<T extends Stored>(resource: Resource, type: Change['type'], object: T): T {
    this.#version += 1;
    const stored = freeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    });
    const isSession = resource === 'debugsessions';
    if (isSession)
      this.#witness.stored(object.metadata.name, type === 'DELETED' ? undefined : (stored as DebugSession));
    this.history.push({ resource, type, object: stored, version: this.#version });
    return stored;
  }
}

function refusal(code: number, message: string, field?: string): ApiError {
  const causes = field === undefined ? [] : [{ reason: 'FieldValueInvalid', field, message }];
  return new ApiError({ code, reason: 'Invalid', message, details: { name: 'x', causes } });
}

export function notFound(kind: string, name: string): ApiError {
  return new ApiError({ code: 404, reason: 'NotFound', message: `${kind} "${name}" not found`, details: { name } });
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const field of Object.values(value)) freeze(field);
  return Object.freeze(value);
}
