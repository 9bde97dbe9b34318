import { describe, expect, it } from '@jest/globals';
import { check } from '../../invariants/check.ts';
import { factsOf, mayHoldFacts, withoutSessions } from '../../invariants/facts.ts';
import type { AuditEvent } from '../../support/cluster/audit-log.ts';

// The checker judges histories as the audit log has them. Each promise is kept by the good history, and each forged
// one breaks it at one place.

const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';
const SESSION = 'a1';
const ALICE = { username: 'alice' };
const POD = 'pod-1';

/** What happened, second by second: each event is answered half a second after its request. */
function history(...events: Partial<AuditEvent>[]): AuditEvent[] {
  return events.map((event, index) => ({
    auditID: String(index),
    stage: 'ResponseComplete',
    verb: 'update',
    requestURI: '',
    user: { username: OPERATOR },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: `2026-01-01T00:00:${String(index).padStart(2, '0')}.000000Z`,
    stageTimestamp: `2026-01-01T00:00:${String(index).padStart(2, '0')}.500000Z`,
    ...event,
  }));
}

interface Stored {
  phase?: string;
  attempt?: number;
  version: number;
  said?: string;
  cancel?: boolean;
  deleted?: boolean;
  /** Default: none. */
  finalizers?: string[];
  requestedBy?: object;
  container?: string;
  /** The attempt of the spec. Default: that of the status. */
  wanted?: number;
}

function stored({
  phase,
  attempt = 1,
  version,
  said,
  cancel,
  deleted,
  finalizers,
  requestedBy = ALICE,
  container,
  wanted = Math.max(attempt, 1),
}: Stored): object {
  const runs = attempt > 0 ? [{ attempt, podUID: POD, debugContainerName: container ?? `debug-a1-${attempt}` }] : [];
  return {
    kind: 'DebugSession',
    metadata: {
      uid: SESSION,
      name: 'look',
      resourceVersion: String(version),
      ...(deleted === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
    spec: { attempt: wanted, requestedBy, ...(cancel === true ? { cancel } : {}) },
    status: { phase, attempt, runs, conditions: said === undefined ? [] : [{ type: 'StopConfirmed', status: said }] },
  };
}

function session(object: Stored, more: Partial<AuditEvent> = {}): Partial<AuditEvent> {
  const objectRef = {
    resource: 'debugsessions',
    subresource: 'status',
    apiGroup: 'debugsession.dev',
    namespace: 'shop',
    name: 'look',
  };
  return { objectRef, requestObject: stored(object), responseObject: stored(object), ...more };
}

const created: Partial<AuditEvent> = {
  ...session({ attempt: 0, version: 1 }),
  verb: 'create',
  user: ALICE,
  objectRef: { resource: 'debugsessions', apiGroup: 'debugsession.dev', namespace: 'shop', name: 'look' },
};

const review: Partial<AuditEvent> = {
  verb: 'create',
  objectRef: { resource: 'localsubjectaccessreviews', apiGroup: 'authorization.k8s.io', namespace: 'shop' },
  requestObject: {
    spec: { user: 'alice', resourceAttributes: { verb: 'use', group: 'debugsession.dev', namespace: 'shop' } },
  },
};

const intent = session({ phase: 'Starting', version: 2 });
const running = session({ phase: 'Running', version: 3 });
const over = session({ phase: 'Completed', said: 'True', version: 4 });

function injection({
  container = 'debug-a1-1',
  podUID = POD,
  namespace = 'shop',
  name = 'web',
  version = 0,
} = {}): Partial<AuditEvent> {
  const env = [
    { name: 'DEBUGSESSION_UID', value: SESSION },
    { name: 'DEBUGSESSION_ATTEMPT', value: '1' },
  ];
  return {
    verb: 'patch',
    objectRef: { resource: 'pods', subresource: 'ephemeralcontainers', namespace, name },
    requestObject: { metadata: { uid: podUID }, spec: { ephemeralContainers: [{ name: container, env }] } },
    ...(version > 0 && { responseObject: { metadata: { resourceVersion: String(version) } } }),
  };
}

function reported(state: object, lastState: object = {}): Partial<AuditEvent> {
  return {
    verb: 'patch',
    user: { username: 'system:node:one' },
    objectRef: { resource: 'pods', subresource: 'status', namespace: 'shop', name: 'web' },
    requestObject: {
      metadata: { uid: POD },
      status: { ephemeralContainerStatuses: [{ name: 'debug-a1-1', state, lastState }] },
    },
  };
}

const ended = reported({ terminated: { exitCode: 0 } });
const runs = reported({ running: {} });

const held = session({ phase: 'Running', version: 4, deleted: true, finalizers: ['debugsession.dev/container'] });
const gone = session({ phase: 'Ending', version: 5, deleted: true }, { objectRef: created.objectRef! });

function podDeleted(objectRef: object, verb = 'delete'): Partial<AuditEvent> {
  return { verb, user: ALICE, objectRef: { resource: 'pods', namespace: 'shop', ...objectRef } };
}

function broken(...events: Partial<AuditEvent>[]): ReturnType<typeof check> {
  return check(history(...events).flatMap(factsOf));
}

const promises = (...events: Partial<AuditEvent>[]): string[] => broken(...events).map(({ promise }) => promise);

describe('a good history', () => {
  it('the life of a session breaks no promise', () => {
    expect(broken(created, review, intent, injection(), running, ended, over)).toEqual([]);
  });

  it('an injection sent again after a lost answer breaks no promise', () => {
    expect(broken(created, review, intent, injection(), injection(), running, ended, over)).toEqual([]);
  });

  it('an intent whose answer was lost stands before its injection', () => {
    const unheard = { ...intent, stage: 'Panic', responseObject: undefined, responseStatus: { code: 504 } };
    expect(broken(created, review, unheard, injection(), running)).toEqual([]);
  });

  it('an end after nothing was injected needs no report', () => {
    expect(broken(created, intent, session({ phase: 'Cancelled', said: 'True', version: 3 }))).toEqual([]);
  });

  it('a container that could not be started has its end in its last state', () => {
    const refused = reported({ waiting: { reason: 'RunContainerError' } }, { terminated: { exitCode: 128 } });
    expect(broken(created, review, intent, injection(), refused, over)).toEqual([]);
  });

  it('an operator under another account keeps the same promises', () => {
    const other = { user: { username: 'system:serviceaccount:shop:other' }, userAgent: 'debugsession/0.1.0' };
    const passes = [review, intent, injection(), running].map((event) => ({ ...event, ...other }));
    expect(broken(created, ...passes, ended, { ...over, ...other })).toEqual([]);
    expect(broken(created, { ...injection(), ...other })).toHaveLength(2);
  });

  it.each([
    ['after the end of its container', [runs, held, ended, gone]],
    ['with its pod', [runs, held, podDeleted({ name: 'web' }), gone]],
    ['with all pods of its namespace', [runs, held, podDeleted({}, 'deletecollection'), gone]],
    ['while its container has never run', [reported({ waiting: { reason: 'ImagePullBackOff' } }), held, gone]],
    ['by the hand of a person', [runs, held, { ...gone, user: ALICE }]],
  ])('a deleted session that goes %s breaks no promise', (_, events) => {
    expect(broken(created, review, intent, injection(), ...events)).toEqual([]);
  });

  it('an edit that the operator has not seen forbids no injection', () => {
    const cancelled = { ...session({ version: 3, cancel: true }), user: ALICE, objectRef: created.objectRef! };
    expect(broken(created, review, intent, cancelled, injection())).toEqual([]);
  });
});

describe('a forged history', () => {
  it.each([
    ['another name', injection({ container: 'debug-a1-2' })],
    ['another pod', injection({ podUID: 'pod-2', name: 'web-2' })],
  ])('a second container of an attempt, with %s, breaks a promise', (_, second) => {
    expect(promises(created, review, intent, injection(), second)).toContain(
      'An attempt has at most one container, in one pod',
    );
  });

  it('an injection before its intent breaks a promise', () => {
    const [found, ...others] = broken(created, review, injection(), intent);
    expect(others).toEqual([]);
    expect(found).toEqual({
      promise: 'The operator writes the intent of an attempt before its injection',
      object: 'shop/web',
      history: [
        `2026-01-01T00:00:02.500000Z ${OPERATOR} injects debug-a1-1 for attempt 1 into shop/web (uid pod-1)`,
        `2026-01-01T00:00:03.500000Z ${OPERATOR} writes the status of shop/look: attempt 1, phase Starting`,
      ],
      last: '2026-01-01T00:00:03.500000Z',
    });
  });

  it('an intent whose answer is noted after the injection was asked for stands before it', () => {
    const noted = { ...intent, stageTimestamp: '2026-01-01T00:00:03.001000Z' };
    expect(broken(created, review, noted, injection({ version: 3 }))).toEqual([]);
  });

  it('an intent that was stored after its injection breaks a promise', () => {
    const late = session({ phase: 'Starting', version: 5 });
    expect(promises(created, review, late, injection({ version: 4 }))).toEqual([
      'The operator writes the intent of an attempt before its injection',
    ]);
  });

  it('an intent in another namespace is none', () => {
    expect(promises(created, review, intent, injection({ namespace: 'bank' }))).toContain(
      'The operator writes the intent of an attempt before its injection',
    );
  });

  it('an intent that the API server refused is none', () => {
    const refused = { ...intent, responseObject: undefined, responseStatus: { code: 409 } };
    expect(promises(created, review, refused, injection())).toEqual([
      'The operator writes the intent of an attempt before its injection',
    ]);
  });

  it.each([
    ['cancelled', { cancel: true }],
    ['deleted', { deleted: true }],
    ['over', { phase: 'Expired' }],
  ])('an injection into a session that the operator knew to be %s breaks a promise', (_, state) => {
    const known = session({ phase: 'Ending', version: 3, ...state });
    expect(promises(created, review, intent, known, injection())).toEqual([
      'The operator injects nothing after it knew of the end',
    ]);
  });

  it.each([
    ['from Running to Starting', session({ phase: 'Starting', version: 4 })],
    ['to an attempt before', session({ attempt: 0, phase: 'Pending', version: 4 })],
  ])('a status that goes back %s breaks a promise', (_, back) => {
    expect(promises(created, review, intent, injection(), running, back)).toEqual([
      'The phase goes forward only within an attempt, and attempts go up',
    ]);
  });

  it('a phase that leaves the end of an attempt breaks a promise', () => {
    const again = session({ phase: 'Running', version: 5 });
    expect(promises(created, review, intent, injection(), running, ended, over, again)).toEqual([
      'The phase goes forward only within an attempt, and attempts go up',
    ]);
  });

  it.each([
    ['no report', []],
    ['a report that the container runs', [reported({ running: {} })]],
    ['a report that the container runs again', [reported({ running: {} }, { terminated: { exitCode: 0 } })]],
  ])('a StopConfirmed with %s breaks a promise', (_, reports) => {
    expect(promises(created, review, intent, injection(), running, ...reports, over)).toEqual([
      'StopConfirmed becomes True only after the kubelet reported the end',
    ]);
  });

  it('a report after StopConfirmed comes too late', () => {
    expect(promises(created, review, intent, injection(), running, over, ended)).toEqual([
      'StopConfirmed becomes True only after the kubelet reported the end',
    ]);
  });

  it.each([
    ['runs', [runs, held, gone]],
    ['ends after that', [runs, held, gone, ended]],
    ['runs while another pod is deleted', [runs, held, podDeleted({ name: 'web-2' }), gone]],
  ])('a deleted session that goes while its container %s breaks a promise', (_, events) => {
    expect(promises(created, review, intent, injection(), ...events)).toEqual([
      'A deleted session goes only after the kubelet reported the end of its container',
    ]);
  });

  it('an injection without a question about the requester breaks a promise', () => {
    expect(promises(created, intent, injection(), running)).toEqual([
      'The operator asks whether the requester may use the policy before it injects',
    ]);
  });

  it('a question about another person is no question', () => {
    const other = {
      spec: { user: 'bob', resourceAttributes: { verb: 'use', group: 'debugsession.dev', namespace: 'shop' } },
    };
    expect(promises(created, { ...review, requestObject: other }, intent, injection())).toEqual([
      'The operator asks whether the requester may use the policy before it injects',
    ]);
  });

  it('a status written by another account breaks a promise', () => {
    expect(promises(created, intent, { ...running, user: ALICE })).toEqual([
      'Only the operator writes the status of a session',
    ]);
  });

  it('a requester who changes breaks a promise', () => {
    const other = session({ phase: 'Running', version: 3, requestedBy: { username: 'bob' } });
    expect(promises(created, review, intent, injection(), other)).toEqual([
      'The requester of an attempt never changes',
    ]);
  });

  it('a requester who changes with the attempt breaks no promise', () => {
    const other = session({ phase: 'Pending', version: 5, wanted: 2, requestedBy: { username: 'bob' } });
    expect(broken(created, review, intent, injection(), running, ended, over, other)).toEqual([]);
  });
});

it('the checker judges neither writes nor containers of a session that is left out', () => {
  const facts = history(created, injection(), { ...running, user: ALICE }).flatMap(factsOf);
  expect(check(facts)).not.toEqual([]);
  expect(check(withoutSessions(facts, new Set([SESSION])))).toEqual([]);
});

it('the reader parses every line that holds a fact', () => {
  for (const event of history(created, review, intent, injection(), ended, over, podDeleted({ name: 'web' })))
    expect(mayHoldFacts(JSON.stringify(event))).toBe(true);
});
