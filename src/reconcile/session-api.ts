import { API_VERSION, FINALIZER, GROUP, KIND, LIVE_LABEL, PLURAL, VERSION } from '../api/debugsession.ts';
import { POLICY_PLURAL } from '../api/debugpolicy.ts';
import type { DebugSession, DebugSessionStatus, Requester, Run, WorkloadRef } from '../api/debugsession.ts';
import type { EphemeralContainer } from '../api/ephemeral-container.ts';
import type { LabelSelector } from '../api/label-selector.ts';
import type { Pod } from '../api/pod.ts';
import { isAllowed, type AccessReview } from '../kube/access-reviews.ts';
import type { RestClient } from '../kube/rest-client.ts';
import { trimPod, trimSession, type RawPod } from './trim.ts';

/** Our name in managedFields. */
const FIELD_MANAGER = 'debugsession';

/** A workload as far as finding its pods needs it. */
export interface Workload {
  metadata: { name: string; uid: string };
  spec?: { selector?: LabelSelector };
}

/**
 * Where to inject. The uid guards against another pod of the same name: the API server refuses a patch with the wrong
 * one (422).
 */
export interface PodAddress {
  namespace: string;
  name: string;
  uid: string;
}

/** The pod that was recorded for a run. */
export function podOf({ metadata }: DebugSession, run: Run): PodAddress {
  return { namespace: metadata.namespace, name: run.podName ?? '', uid: run.podUID ?? '' };
}

export const sessionsPath = (namespace?: string): string =>
  namespace === undefined
    ? `/apis/${GROUP}/${VERSION}/${PLURAL}`
    : `/apis/${GROUP}/${VERSION}/namespaces/${encodeURIComponent(namespace)}/${PLURAL}`;

export const podsPath = (namespace?: string): string =>
  namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;

export const accessReviewsPath = (namespace: string): string =>
  `/apis/authorization.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/localsubjectaccessreviews`;

const WORKLOAD_PLURALS: Record<WorkloadRef['kind'], string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicaSet: 'replicasets',
  Job: 'jobs',
};

/** How long a look at a node or at the metrics API takes at most, in ms: a session waits for it. */
const LOOK_MS = 1_000;

/** A condition of a core/v1 Node, as far as it is looked at. */
export interface NodeCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
  message?: string;
}

/** A PodMetrics of metrics.k8s.io/v1beta1. Whoever serves that API wrote it. */
export interface PodMetrics {
  timestamp?: string;
  containers?: { name: string; usage?: { cpu?: string; memory?: string } }[];
}

/** The verbs that are used. */
export type SessionClient = Pick<RestClient, 'get' | 'list' | 'create' | 'patch' | 'replace' | 'delete'>;

/**
 * Everything that a session's life asks of the API server, by name: the whole write set of this operator besides events
 * and its Lease.
 */
export class SessionApi {
  readonly #client: SessionClient;

  constructor(client: SessionClient) {
    this.#client = client;
  }

  /** Puts finalizer and live label on, or takes both off, if the session is still the one we know: 409 otherwise. */
  async setGuard(session: DebugSession, guarded: boolean, signal: AbortSignal): Promise<DebugSession> {
    const { name, namespace, resourceVersion, uid } = session.metadata;
    const others = session.metadata.finalizers?.filter((finalizer) => finalizer !== FINALIZER) ?? [];
    const finalizers = guarded ? [...others, FINALIZER] : others;
    const labels = { [LIVE_LABEL]: guarded ? 'true' : null };
    const body = { metadata: { uid, resourceVersion, finalizers, labels } };
    const path = `${sessionsPath(namespace)}/${encodeURIComponent(name)}`;
    return trimSession(await this.#client.patch(path, body, { type: 'merge', fieldManager: FIELD_MANAGER, signal }));
  }

  /** Replaces the status, if the session is still the one we know: 409 otherwise. */
  async writeStatus(session: DebugSession, status: DebugSessionStatus, signal: AbortSignal): Promise<DebugSession> {
    const { name, namespace } = session.metadata;
    const body = { ...session, apiVersion: API_VERSION, kind: KIND, status };
    const path = `${sessionsPath(namespace)}/${encodeURIComponent(name)}/status`;
    return trimSession(await this.#client.replace(path, body, { query: { fieldManager: FIELD_MANAGER }, signal }));
  }

  /**
   * Deletes the session, if it is still the one we know: 409 otherwise, also where an attempt was raised a moment ago.
   * @returns what is left of it: with somebody else's finalizer it stays, being deleted
   */
  async deleteSession(session: DebugSession, signal: AbortSignal): Promise<DebugSession | undefined> {
    const { name, namespace, resourceVersion, uid } = session.metadata;
    const body = { preconditions: { uid, resourceVersion } };
    const path = `${sessionsPath(namespace)}/${encodeURIComponent(name)}`;
    const answer = await this.#client.delete<{ kind?: string }>(path, { body, signal });
    return answer.kind === KIND ? trimSession(answer as DebugSession) : undefined;
  }

  /**
   * Appends one ephemeral container. A strategic merge patch with one element needs no knowledge of the others, and the
   * same patch again is no change, so it may be repeated after a crash or a lost answer. With a resourceVersion it is
   * refused (409) where the pod has changed since.
   * @param options.known the pod as it was seen before, see {@link trimPod}
   */
  async inject(
    { resourceVersion, ...pod }: PodAddress & { resourceVersion?: string },
    container: EphemeralContainer,
    { signal, known }: { signal: AbortSignal; known?: Pod | undefined },
  ): Promise<Pod> {
    const path = `${podsPath(pod.namespace)}/${encodeURIComponent(pod.name)}/ephemeralcontainers`;
    const metadata = { uid: pod.uid, ...(resourceVersion !== undefined && { resourceVersion }) };
    const body = { metadata, spec: { ephemeralContainers: [container] } };
    const options = { type: 'strategic', fieldManager: FIELD_MANAGER, signal } as const;
    return trimPod(await this.#client.patch<RawPod>(path, body, options), known);
  }

  /**
   * Asks for the eviction of this very pod (policy/v1): 429 while a PodDisruptionBudget stands against it, 404 or 409
   * where it is gone or replaced.
   */
  async evict(pod: PodAddress, signal: AbortSignal): Promise<void> {
    const path = `${podsPath(pod.namespace)}/${encodeURIComponent(pod.name)}/eviction`;
    const metadata = { name: pod.name, namespace: pod.namespace };
    const deleteOptions = { preconditions: { uid: pod.uid } };
    await this.#client.create(path, { apiVersion: 'policy/v1', kind: 'Eviction', metadata, deleteOptions }, { signal });
  }

  /** Whether a person may use this DebugPolicy in the namespace, by what the API server says now. */
  mayUse(user: Requester, policy: string, namespace: string, signal: AbortSignal): Promise<boolean> {
    return this.#may(user, { name: policy, verb: 'use', namespace }, signal);
  }

  /** Whether a person may approve sessions under a DebugPolicy in a namespace. */
  mayApprove(user: Requester, policy: string, namespace: string, signal: AbortSignal): Promise<boolean> {
    return this.#may(user, { name: policy, verb: 'approve', namespace }, signal);
  }

  async #may(
    { username, uid, groups, extra }: Requester,
    about: { name: string; verb: string; namespace: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { namespace } = about;
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      metadata: { namespace },
      spec: {
        user: username,
        uid,
        groups,
        extra,
        resourceAttributes: { group: GROUP, resource: POLICY_PLURAL, ...about },
      },
    };
    return isAllowed(await this.#client.create<AccessReview>(accessReviewsPath(namespace), body, { signal }));
  }

  async namespaceLabels(name: string, signal: AbortSignal): Promise<Record<string, string>> {
    const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
    const { metadata } = await this.#client.get<{ metadata: { labels?: Record<string, string> } }>(path, { signal });
    return metadata.labels ?? {};
  }

  /** The conditions of a node, within {@link LOOK_MS}. */
  async nodeConditions(name: string, signal: AbortSignal): Promise<NodeCondition[]> {
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    const options = { signal, timeoutMs: LOOK_MS };
    return (
      (await this.#client.get<{ status?: { conditions?: NodeCondition[] } }>(path, options)).status?.conditions ?? []
    );
  }

  /** What the containers of a pod used by the newest sample, within {@link LOOK_MS}: 404 where there is none yet. */
  podMetrics(namespace: string, name: string, signal: AbortSignal): Promise<PodMetrics> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    return this.#client.get<PodMetrics>(path, { signal, timeoutMs: LOOK_MS });
  }

  getWorkload(namespace: string, ref: WorkloadRef, signal: AbortSignal): Promise<Workload> {
    const path = `/apis/${ref.apiVersion}/namespaces/${encodeURIComponent(namespace)}/${WORKLOAD_PLURALS[ref.kind]}`;
    return this.#client.get<Workload>(`${path}/${encodeURIComponent(ref.name)}`, { signal });
  }

  /** From the API server's cache, see {@link listPods}. */
  async listReplicaSets(namespace: string, labelSelector: string, signal: AbortSignal): Promise<OwnedObject[]> {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/replicasets`;
    const query = { labelSelector, resourceVersion: '0' };
    return (await this.#client.list<{ items: OwnedObject[] }>(path, query, { signal })).items;
  }

  /**
   * The pod as it is now, not as a watch has shown it: a list without a resource version is read from the store.
   * Undefined: there is none.
   */
  async readPod(namespace: string, name: string, signal: AbortSignal): Promise<Pod | undefined> {
    const query = { fieldSelector: `metadata.name=${name}` };
    const [pod] = (await this.#client.list<{ items: RawPod[] }>(podsPath(namespace), query, { signal })).items;
    return pod && trimPod(pod);
  }

  /** From the API server's cache, which may be behind: the session that finds no pod there asks again. */
  async listPods(namespace: string, labelSelector: string, signal: AbortSignal): Promise<Pod[]> {
    const query = { labelSelector, resourceVersion: '0' };
    const { items } = await this.#client.list<{ items: RawPod[] }>(podsPath(namespace), query, { signal });
    return items.map((pod) => trimPod(pod));
  }
}

export interface OwnedObject {
  metadata: { uid: string; ownerReferences?: { uid: string; controller?: boolean }[] };
}
