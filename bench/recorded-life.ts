import type { DebugSession, DebugSessionStatus } from '../src/api/debugsession.ts';
import type { EphemeralContainer } from '../src/api/ephemeral-container.ts';
import type { RestClient } from '../src/kube/rest-client.ts';
import type { AuditLog } from '../test/support/audit-log.ts';
import { type AuditEvent } from '../test/support/audit-log.ts';

/** What the operator wrote for one session, in order, as text: so another's names can be put in the place of its own. */
export interface RecordedLife {
  /** What stands in the texts for the names of a session. */
  names: LifeNames;
  /** Intent, Running, end: DebugSessionStatus. */
  statuses: [string, string, string];
  container: string;
  finalizers: string[];
  /** events.k8s.io/v1, without what the API server adds. */
  events: string[];
}

export interface LifeNames {
  namespace: string;
  session: string;
  sessionUID: string;
  pod: string;
  podUID: string;
  container: string;
}

/** Reads it from the audit log, which holds the bodies of all but the events. @throws Error when it was not a clean life */
export async function recordLife(client: RestClient, audit: AuditLog, session: DebugSession): Promise<RecordedLife> {
  const { namespace, name, uid } = session.metadata;
  const [run] = session.status?.runs ?? [];
  const ofSession = ({ objectRef, user }: AuditEvent): boolean =>
    user.username.endsWith('controller-manager') &&
    (objectRef?.name === name || (objectRef?.subresource === 'ephemeralcontainers' && objectRef.name === run?.podName));
  const requests = (await audit.requests(namespace))
    .filter(ofSession)
    .map(({ requestObject }) => requestObject as Body);
  const statuses = requests.flatMap(({ status }) => (status === undefined ? [] : [JSON.stringify(status)]));
  // A body of a status update carries finalizers as well; the patch that sets them is the one without a spec.
  const patches = requests.filter(({ spec, status }) => spec === undefined && status === undefined);
  const container = requests.find(({ spec }) => spec?.ephemeralContainers !== undefined)?.spec
    ?.ephemeralContainers?.[0];
  const [intent, running, end] = statuses.slice(-3);
  const { items } = await client.list<{ items: RecordedEvent[] }>(
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  );
  const events = items.filter(({ regarding, related }) => regarding.name === name || related?.name === name);
  // The probe does these six, in this order; should the operator come to do it in another way, so must the probe.
  if (requests.length !== 6 || statuses.length !== 3 || patches.length !== 2)
    throw new Error(
      `${requests.length} writes for ${namespace}/${name}: the probe knows a life of six, see bench/probe.ts`,
    );
  if (
    end === undefined ||
    intent === undefined ||
    running === undefined ||
    container === undefined ||
    run === undefined
  )
    throw new Error(`the audit log does not hold the whole life of ${namespace}/${name}`);
  return {
    names: {
      namespace,
      session: name,
      sessionUID: uid,
      pod: run.podName ?? '',
      podUID: run.podUID ?? '',
      container: run.debugContainerName ?? '',
    },
    statuses: [intent, running, end],
    container: JSON.stringify(container),
    finalizers: patches[0]?.metadata?.finalizers ?? [],
    events: events.map((event) =>
      JSON.stringify({ ...event, metadata: { name: event.metadata.name, namespace: event.metadata.namespace } }),
    ),
  };
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
