import { beforeAll, expect, it } from '@jest/globals';
import { LIVE_LABEL, type DebugSession } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import { UID_VARIABLE } from '../../src/session/container/container.ts';
import { isWrite, type AuditEvent } from '../support/cluster/audit-log.ts';
import { STOP_NAMESPACE } from '../support/cluster/node-stop.ts';
import { brokenRules, brokenTransition } from '../support/world/status-rules.ts';
import { allInjections, isConnection, operatorRequests, succeeded } from './operator-requests.ts';

// What must never break, read from the API server's own log of every suite that ran before: the operator and the tests
// have no say in it.

interface Injection {
  event: AuditEvent;
  container: EphemeralContainer;
  podUID: string;
  /** Session uid and attempt. */
  run: string;
}

let requests: AuditEvent[];
let writes: AuditEvent[];
let injections: Injection[];
let ofAnybody: AuditEvent[];

function isInjection({ objectRef }: AuditEvent): boolean {
  return objectRef?.subresource === 'ephemeralcontainers';
}

function readInjection(event: AuditEvent): Injection[] {
  const body = event.requestObject as {
    metadata: { uid: string };
    spec: { ephemeralContainers: EphemeralContainer[] };
  };
  return body.spec.ephemeralContainers.map((container) => {
    const value = (name: string): string => container.env.find((variable) => variable.name === name)?.value ?? '';
    const run = `${value('DEBUGSESSION_UID')}/${value('DEBUGSESSION_ATTEMPT')}`;
    return { event, container, podUID: body.metadata.uid, run };
  });
}

function isStatusWrite({ objectRef, verb }: AuditEvent): boolean {
  return verb === 'update' && objectRef?.resource === 'debugsessions' && objectRef.subresource === 'status';
}

function statusWrites(): { event: AuditEvent; session: DebugSession }[] {
  return writes.filter(isStatusWrite).map((event) => ({ event, session: event.responseObject as DebugSession }));
}

beforeAll(async () => {
  [requests, ofAnybody] = await Promise.all([operatorRequests(), allInjections()]);
  writes = requests.filter((event) => isWrite(event) && succeeded(event));
  injections = writes.filter(isInjection).flatMap(readInjection);
});

it('the audit log holds more than 20 injections and 60 status writes to check', () => {
  expect(injections.length).toBeGreaterThan(20);
  expect(statusWrites().length).toBeGreaterThan(60);
});

it('the operator injects one container for a run, always the same, into one pod (S1, S3, S4)', () => {
  const first = new Map<string, Injection>();
  for (const injection of injections) {
    const known = first.get(injection.run) ?? injection;
    first.set(injection.run, known);
    expect(injection.container).toEqual(known.container);
    expect(injection.podUID).toBe(known.podUID);
    expect(injection.event.objectRef).toMatchObject({
      namespace: known.event.objectRef?.namespace,
      name: known.event.objectRef?.name,
    });
  }
});

it('the operator takes back no word about a run, and every status keeps its rules (S5)', () => {
  const last = new Map<string, DebugSession>();
  const inOrder = statusWrites().sort(
    (a, b) => Number(a.session.metadata.resourceVersion) - Number(b.session.metadata.resourceVersion),
  );
  for (const { session } of inOrder) {
    const before = last.get(session.metadata.uid);
    const broken = [...brokenRules(session), ...(before === undefined ? [] : brokenTransition(before, session))];
    expect({ session: session.metadata.name, namespace: session.metadata.namespace, broken }).toMatchObject({
      broken: [],
    });
    last.set(session.metadata.uid, session);
  }
});

it('the operator deletes a session only when its end is confirmed or its pod has gone (S6)', () => {
  const removals = writes.filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource === 'debugsessions');
  expect(removals.length).toBeGreaterThan(0);
  const stored = new Map(statusWrites().map(({ session }) => [session.metadata.uid, session]));
  for (const { requestObject, objectRef } of removals) {
    const { preconditions = {} } = requestObject as { preconditions?: { uid?: string; resourceVersion?: string } };
    expect({ ...preconditions, name: objectRef?.name }).toMatchObject({
      uid: expect.stringMatching(/-/),
      resourceVersion: expect.stringMatching(/^\d+$/),
    });
    const last = stored.get(preconditions.uid ?? '');
    expect(last?.spec.ttlAfterFinished).toBeDefined();
    const said = last?.status?.conditions?.find(({ type }) => type === 'StopConfirmed');
    // Of a container that went with its pod nobody hears any more (docs/adr/0031).
    expect(`${said?.status} ${said?.reason}`).toMatch(/^True |^Unknown ForceDeleted$/);
  }
});

it('the operator writes only session metadata and status, deletions, injections, stops, events, its Lease and reviews (S7)', () => {
  const kinds = new Set(
    writes.map(
      ({ verb, objectRef }) => `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`,
    ),
  );
  const allowed = [
    'patch debugsessions',
    'delete debugsessions',
    'update debugsessions/status',
    'patch pods/ephemeralcontainers',
    'create pods/exec',
    'create pods/attach',
    'create pods/eviction',
    'create pods',
    'delete pods',
    'create events',
    'create leases',
    'update leases',
    'create tokenreviews',
    'create subjectaccessreviews',
    'create localsubjectaccessreviews',
  ];
  expect([...kinds].filter((kind) => !allowed.includes(kind))).toEqual([]);
  for (const { verb, objectRef, requestObject } of writes) {
    if (verb !== 'patch' || objectRef?.resource !== 'debugsessions') continue;
    const { metadata, ...others } = requestObject as { metadata: { labels: object } };
    expect(Object.keys(others)).toEqual([]);
    expect(Object.keys(metadata).sort()).toEqual(['finalizers', 'labels', 'resourceVersion', 'uid']);
    expect(Object.keys(metadata.labels)).toEqual([LIVE_LABEL]);
  }
});

it('the operator creates and deletes no pods except stop pods in their own namespace (S7)', () => {
  const ofPods = writes.filter(
    ({ objectRef }) => objectRef?.resource === 'pods' && objectRef.subresource === undefined,
  );
  for (const { verb, objectRef } of ofPods)
    expect({ verb, ...objectRef }).toMatchObject({
      namespace: STOP_NAMESPACE,
      name: expect.stringMatching(/^stop-[0-9a-f]{40}$/),
    });
});

it('the operator uses exec and attach only in containers that it injected before (S7)', () => {
  for (const event of requests.filter((each) => isConnection(each) && succeeded(each))) {
    const names = new URL(event.requestURI, 'https://kubernetes').searchParams.getAll('container');
    expect(names).toEqual([expect.stringMatching(/^debug-[0-9a-f]{8}-[0-9]{1,2}$/)]);
    const { namespace, name: pod } = event.objectRef ?? {};
    const injected = injectedBefore(event);
    expect({ namespace, pod, at: event.requestReceivedTimestamp, injected }).toMatchObject({
      injected: expect.arrayContaining(names),
    });
  }
});

it('the operator evicts only pods into which it injected a container before (S7)', () => {
  for (const event of requests.filter(({ objectRef }) => objectRef?.subresource === 'eviction'))
    expect({ pod: event.objectRef, injected: injectedBefore(event).length > 0 }).toMatchObject({ injected: true });
});

/**
 * The containers of sessions that were injected before into the pod that a request is about; also those whose answer
 * nobody has seen.
 */
function injectedBefore({ objectRef, requestReceivedTimestamp }: AuditEvent): string[] {
  return ofAnybody
    .filter((event) => event.requestReceivedTimestamp < requestReceivedTimestamp)
    .filter((event) => event.objectRef?.namespace === objectRef?.namespace && event.objectRef?.name === objectRef?.name)
    .flatMap(({ requestObject }) => {
      // People add containers too, with whatever they like.
      const { spec } = requestObject as { spec?: { ephemeralContainers?: (Partial<EphemeralContainer> | null)[] } };
      const all = spec?.ephemeralContainers ?? [];
      const ours = all.filter((one) => one?.env?.some(({ name }) => name === UID_VARIABLE) === true);
      return ours.map((one) => one?.name ?? '');
    });
}
