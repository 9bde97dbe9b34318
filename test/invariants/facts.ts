import type { AuditEvent } from '../support/cluster/audit-log.ts';

// What the checker keeps of the API server's audit log: a few fields of the events that promises are about. Nothing
// here comes from the operator's code, so that a fault there cannot hide itself.

const GROUP = 'debugsession.dev';
/** The account that config/rbac gives the operator. */
const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';

/** The account of the tests, which administers the cluster. */
const TESTS = 'admin';

interface Fact {
  /** When the API server received the request. */
  asked: string;
  /** When it noted its answer: some milliseconds after the answer went out, so the next request may be older. */
  answered: string;
  user: string;
  /** Some tests run an operator under an account of its own: then its user agent tells. */
  isOperator: boolean;
  /** `namespace/name` of the object. */
  object: string;
}

export interface RunSeen {
  attempt: number;
  podUID?: string;
  debugContainerName?: string;
}

/** A session as the API server stored it after a write. */
export interface SessionWritten extends Fact {
  kind: 'session';
  /** The write was one of the status. */
  isStatus: boolean;
  /** False: the sender was gone before the answer, and the write may have been carried out or not. */
  isCertain: boolean;
  uid: string;
  version: number;
  phase: string;
  /** Of the status. */
  attempt: number;
  /** Of the spec. */
  wantedAttempt: number;
  runs: RunSeen[];
  /** `status.conditions` of the type StopConfirmed: its status. */
  stopConfirmed?: string;
  isCancelled: boolean;
  isDeleted: boolean;
  /** It is being deleted, and nothing holds it any more: with this write it is gone. */
  isGone: boolean;
  requestedBy?: string;
}

/** A write of a container with the marks of a session into a pod. */
export interface Injected extends Fact {
  kind: 'injection';
  session: string;
  attempt: number;
  container: string;
  podUID: string;
  /** Of the pod after it. All resources of one etcd count by the same versions. Absent: the log has no answer. */
  version?: number;
}

/** What a pod's status says of an ephemeral container. */
interface Reported extends Fact {
  podUID: string;
  container: string;
}

/** The end, or an image name that no kubelet starts. */
export interface EndReported extends Reported {
  kind: 'end';
}

export interface RunReported extends Reported {
  kind: 'running';
}

/** A pod, or all pods of a namespace where `object` ends with a slash, is deleted. */
export interface PodDeleted extends Fact {
  kind: 'podDeleted';
}

/** A question whether a person may use a DebugPolicy. */
export interface UseAsked extends Fact {
  kind: 'review';
  person: string;
  namespace: string;
}

export type AuditFact = SessionWritten | Injected | EndReported | RunReported | PodDeleted | UseAsked;

/** The facts without the sessions whose status a test has written: where it plays an operator, no promise is broken. */
export function withoutPlayed(facts: readonly AuditFact[]): AuditFact[] {
  const written = facts.filter((fact) => fact.kind === 'session');
  const played = written.filter(({ isStatus, user }) => isStatus && user === TESTS).map(({ uid }) => uid);
  return withoutSessions(facts, new Set(played));
}

/** The facts about one namespace, with all questions about rights. */
export function ofNamespace(facts: readonly AuditFact[], namespace: string): AuditFact[] {
  return facts.filter((fact) => fact.kind === 'review' || fact.object.startsWith(`${namespace}/`));
}

/** The facts without those of some sessions and their containers. */
export function withoutSessions(facts: readonly AuditFact[], uids: ReadonlySet<string>): AuditFact[] {
  return facts.filter(
    (fact) =>
      !(fact.kind === 'session' && uids.has(fact.uid)) && !(fact.kind === 'injection' && uids.has(fact.session)),
  );
}

/** Lines of the log without any of these words hold no fact: it is not worth parsing them. */
const WORDS = [
  ...[`"apiGroup":"${GROUP}"`, '"subresource":"ephemeralcontainers"', 'ephemeralContainerStatuses', '"use"'],
  // Also all at once: deletecollection.
  '"verb":"delete',
];

/** Whether a line of the log may hold a fact. */
export function mayHoldFacts(line: string): boolean {
  return WORDS.some((word) => line.includes(word));
}

interface Stored {
  kind?: string;
  metadata?: {
    uid?: string;
    resourceVersion?: string;
    deletionTimestamp?: string;
    name?: string;
    finalizers?: string[];
  };
  spec?: { attempt?: number; cancel?: boolean; requestedBy?: unknown };
  status?: {
    phase?: string;
    attempt?: number;
    runs?: RunSeen[];
    conditions?: { type: string; status: string }[];
  };
}

interface PodPatch {
  metadata?: { uid?: string };
  spec?: { ephemeralContainers?: ({ name?: string; env?: { name: string; value?: string }[] } | null)[] };
  status?: { ephemeralContainerStatuses?: ContainerSeen[] };
}

interface ContainerSeen {
  name: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

interface ContainerState {
  running?: object;
  terminated?: object;
  waiting?: { reason?: string };
}

interface Review {
  spec?: { user?: string; resourceAttributes?: { verb?: string; group?: string; namespace?: string } };
}

/** The facts in one event of the log: mostly none. */
export function factsOf(event: AuditEvent): AuditFact[] {
  const { objectRef, stage } = event;
  if (objectRef === undefined || (stage !== 'ResponseComplete' && stage !== 'Panic')) return [];
  const fact: Fact = {
    asked: event.requestReceivedTimestamp,
    answered: event.stageTimestamp,
    user: event.user.username,
    isOperator: event.user.username === OPERATOR || event.userAgent?.startsWith('debugsession/') === true,
    object: `${objectRef.namespace ?? ''}/${objectRef.name ?? ''}`,
  };
  const code = event.responseStatus?.code ?? 504;
  if (objectRef.resource === 'debugsessions' && objectRef.apiGroup === GROUP) return sessionOf(event, fact, code);
  if (objectRef.resource === 'localsubjectaccessreviews') return code < 300 ? useOf(event, fact) : [];
  if (objectRef.resource !== 'pods' || code >= 300) return [];
  if (objectRef.subresource === 'ephemeralcontainers') return injectionsOf(event, fact);
  if (objectRef.subresource === 'status') return reportsOf(event, fact);
  const isDeletion = objectRef.subresource === undefined && event.verb.startsWith('delete');
  return isDeletion ? [{ ...fact, kind: 'podDeleted' }] : [];
}

function sessionOf(event: AuditEvent, fact: Fact, code: number): SessionWritten[] {
  const { verb, objectRef } = event;
  const isStatus = objectRef?.subresource === 'status';
  const isUnheard = code >= 499;
  if (!['create', 'update', 'patch', 'delete'].includes(verb) || (code >= 300 && !isUnheard)) return [];
  // Of a write without an answer only a whole object says what was written.
  const stored = (isUnheard ? event.requestObject : event.responseObject) as Stored | undefined;
  if (stored?.kind !== 'DebugSession' || stored.metadata?.uid === undefined) return [];
  if (isUnheard && verb !== 'update') return [];
  const { metadata, spec = {}, status = {} } = stored;
  const said = status.conditions?.find(({ type }) => type === 'StopConfirmed')?.status;
  const written: SessionWritten = {
    ...fact,
    kind: 'session',
    object: `${objectRef?.namespace}/${metadata.name}`,
    isStatus,
    isCertain: !isUnheard,
    uid: stored.metadata.uid,
    version: Number(metadata.resourceVersion),
    phase: status.phase ?? '',
    attempt: status.attempt ?? 0,
    wantedAttempt: spec.attempt ?? 1,
    runs: (status.runs ?? []).map(({ attempt, podUID, debugContainerName }) => ({
      attempt,
      ...(podUID === undefined ? {} : { podUID }),
      ...(debugContainerName === undefined ? {} : { debugContainerName }),
    })),
    isCancelled: spec.cancel === true,
    isDeleted: metadata.deletionTimestamp !== undefined,
    isGone: metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0,
    ...(said === undefined ? {} : { stopConfirmed: said }),
    ...(spec.requestedBy === undefined ? {} : { requestedBy: JSON.stringify(spec.requestedBy) }),
  };
  return [written];
}

function injectionsOf(event: AuditEvent, fact: Fact): Injected[] {
  // A patch of the operator names the pod's uid; what others add is not of a run.
  const { metadata, spec } = (event.requestObject ?? {}) as PodPatch;
  return (spec?.ephemeralContainers ?? []).flatMap((container) => {
    const value = (name: string): string | undefined => container?.env?.find((one) => one.name === name)?.value;
    const [session, attempt] = [value('DEBUGSESSION_UID'), value('DEBUGSESSION_ATTEMPT')];
    if (session === undefined || attempt === undefined) return [];
    const podUID = metadata?.uid ?? '';
    const pod = event.responseObject as { metadata?: { resourceVersion?: string } } | undefined;
    const version = pod?.metadata?.resourceVersion;
    const injected: Injected = {
      ...{ ...fact, kind: 'injection', session, attempt: Number(attempt), container: container?.name ?? '', podUID },
      ...(version !== undefined && { version: Number(version) }),
    };
    return [injected];
  });
}

function reportsOf(event: AuditEvent, fact: Fact): (EndReported | RunReported)[] {
  const { metadata, status } = (event.requestObject ?? {}) as PodPatch;
  return (status?.ephemeralContainerStatuses ?? []).flatMap((seen): (EndReported | RunReported)[] => {
    const reported = { ...fact, podUID: metadata?.uid ?? '', container: seen.name };
    if (hasEnded(seen)) return [{ ...reported, kind: 'end' }];
    return seen.state?.running === undefined ? [] : [{ ...reported, kind: 'running' }];
  });
}

function useOf(event: AuditEvent, fact: Fact): UseAsked[] {
  const { user, resourceAttributes: asked } = (event.requestObject as Review | undefined)?.spec ?? {};
  if (asked?.verb !== 'use' || asked.group !== GROUP) return [];
  return [{ ...fact, kind: 'review', person: user ?? '', namespace: asked.namespace ?? '' }];
}

/** A container that runc could not start waits, and its end is in its last state. */
function hasEnded({ state, lastState }: ContainerSeen): boolean {
  if (state?.terminated !== undefined || state?.waiting?.reason === 'InvalidImageName') return true;
  return state?.running === undefined && lastState?.terminated !== undefined;
}
