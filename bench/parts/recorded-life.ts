import type { DebugSession, DebugSessionStatus } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { type AuditEvent, type AuditLog, isWrite } from '../../test/support/cluster/audit-log.ts';

/**
 * What the operator wrote for one session, in order, as text: so another's names can be put in the place of its own.
 */
export interface RecordedLife {
  /** What stands in the texts for the names of a session. */
  names: LifeNames;
  writes: RecordedWrite[];
  /** events.k8s.io/v1, without what the API server adds. */
  events: string[];
}

/** One write: its content, and the state of the container that it had to wait for. */
export type RecordedWrite =
  | { kind: 'finalizers'; finalizers: string[] }
  | { kind: 'status'; status: string; after?: 'running' | 'terminated' }
  | { kind: 'inject'; container: string };

export interface LifeNames {
  namespace: string;
  session: string;
  sessionUID: string;
  pod: string;
  podUID: string;
  container: string;
}

/**
 * Reads it from the audit log, which holds the bodies of all but the events.
 * @throws Error when it was not a clean life
 */
export async function recordLife(client: RestClient, audit: AuditLog, session: DebugSession): Promise<RecordedLife> {
  const { namespace, name, uid } = session.metadata;
  const [run] = session.status?.runs ?? [];
  const ofSession = ({ objectRef, user }: AuditEvent): boolean =>
    user.username.endsWith('controller-manager') &&
    (objectRef?.name === name || (objectRef?.subresource === 'ephemeralcontainers' && objectRef.name === run?.podName));
  const writes = writesOf((await audit.requests(namespace)).filter(ofSession).filter(isWrite));
  const { items } = await client.list<{ items: RecordedEvent[] }>(
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  );
  const events = items.filter(({ regarding, related }) => regarding.name === name || related?.name === name);
  const kinds = writes.map((write) => (write.kind === 'status' ? (write.after ?? 'status') : write.kind));
  const clean = ['inject', 'running', 'terminated'].every((kind) => kinds.filter((one) => one === kind).length === 1);
  if (!clean || run === undefined)
    throw new Error(`the audit log does not hold one clean life of ${namespace}/${name}, but ${kinds.join(', ')}`);
  return {
    names: {
      namespace,
      session: name,
      sessionUID: uid,
      pod: run.podName ?? '',
      podUID: run.podUID ?? '',
      container: run.debugContainerName ?? '',
    },
    writes,
    events: events.map((event) =>
      JSON.stringify({ ...event, metadata: { name: event.metadata.name, namespace: event.metadata.namespace } }),
    ),
  };
}

/** What was written, in the order of the answers, from requests that the audit log holds in full. */
export function writesOf(requests: readonly AuditEvent[]): RecordedWrite[] {
  const waited = new Set<string>();
  const after = (status: DebugSessionStatus | undefined): 'running' | 'terminated' | undefined => {
    const state =
      status?.completedAt !== undefined ? 'terminated' : status?.phase === 'Running' ? 'running' : undefined;
    if (state === undefined || waited.has(state)) return undefined;
    waited.add(state);
    return state;
  };
  return requests.map(({ objectRef, requestObject }): RecordedWrite => {
    const { metadata, spec, status } = requestObject as Body;
    if (objectRef?.subresource === 'ephemeralcontainers')
      return { kind: 'inject', container: JSON.stringify(spec?.ephemeralContainers?.[0]) };
    if (objectRef?.subresource !== 'status') return { kind: 'finalizers', finalizers: metadata?.finalizers ?? [] };
    const state = after(status);
    return { kind: 'status', status: JSON.stringify(status), ...(state && { after: state }) };
  });
}

interface Body {
  metadata?: { finalizers?: string[] };
  spec?: { ephemeralContainers?: EphemeralContainer[] };
  status?: DebugSessionStatus;
}

interface RecordedEvent {
  metadata: { name: string; namespace: string };
  regarding: { name: string };
  related?: { name: string };
}

/** A recorded text with other names in it. */
export function replay<T>(text: string, from: LifeNames, to: LifeNames): T {
  let words = text;
  for (const name of ['sessionUID', 'podUID', 'container', 'session', 'pod', 'namespace'] as const)
    words = words.replaceAll(from[name], to[name]);
  return JSON.parse(words) as T;
}
