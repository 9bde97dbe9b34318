import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { findCondition } from '../../src/api/conditions.ts';
import { LiveCounts } from '../support/world/live-counts.ts';
import type { OperatorProcess } from '../support/cluster/operator-process.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod, isReady } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { Stage } from '../support/cluster/stage.ts';

// The limits of a policy, asked for by very many at once: at no moment do more live than may, and who waits goes on
// when one ends.

let stage: Stage;
let policies: Policies;
let counts: LiveCounts;
const PODS = ['crowded', 'filled', ...Array.from({ length: 8 }, (_, index) => `web-${index}`)];

beforeAll(async () => {
  stage = await Stage.open('limits-raced');
  policies = new Policies(stage);
  await Promise.all(PODS.map((name) => stage.createPod(name, appPod())));
  await Promise.all(PODS.map((name) => stage.untilPod(name, isReady)));
});

const count = (): void => void (counts = new LiveCounts(stage));

async function leaveNone(): Promise<void> {
  await counts.stop();
  await stage.kubectl(['delete', 'dbg', '--all', '--wait=false']);
  await stage.until('the next test begins with none', async () => (await all()).length === 0);
}

afterAll(async () => {
  await stage.close();
  await policies.close();
});

async function all(): Promise<DebugSession[]> {
  return (await stage.client.list<{ items: DebugSession[] }>(sessionsPath(stage.namespace))).items;
}

const completed = (sessions: DebugSession[]): DebugSession[] =>
  sessions.filter(({ status }) => status?.phase === 'Completed');
const waiting = (sessions: DebugSession[]): DebugSession[] =>
  sessions.filter(({ status }) => findCondition(status?.conditions, 'Reconciling')?.reason === 'LimitReached');

/** As many at once as there are numbers. */
function createMany(
  count: number,
  spec: (index: number) => Partial<DebugSessionSpec>,
  prefix = 'one',
): Promise<unknown> {
  const make = (index: number): Promise<unknown> =>
    stage.createSession(`${prefix}-${index}`, {
      target: { podName: 'crowded' },
      command: ['sleep', '1'],
      ...spec(index),
    });
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}

async function until(what: string, holds: (sessions: DebugSession[]) => boolean): Promise<DebugSession[]> {
  let sessions: DebugSession[] = [];
  await stage.until(what, async () => holds((sessions = await all())));
  return sessions;
}

describe('one operator', () => {
  beforeEach(count);
  afterEach(leaveNone);

  it('the limit perUser lets 5 of 200 sessions of a user run at any moment, and the others wait', async () => {
    const policyName = await policies.create('per-user', { limits: { perUser: 5, waitingPerUser: 200 } });
    await createMany(200, (index) => ({ policyName, target: { podName: `web-${index % 8}` } }));
    const sessions = await until('12 have come and gone', (now) => completed(now).length >= 12);
    expect(waiting(sessions).length).toBeGreaterThan(100);
    const [one] = waiting(sessions);
    expect(one?.status?.phase).toBe('Pending');
    expect(findCondition(one?.status?.conditions, 'Accepted')?.status).toBe('True');
    expect(findCondition(one?.status?.conditions, 'Reconciling')?.message).toMatch(
      /sets limits\.perUser to 5, and there (?:is|are) \d live sessions? of/,
    );
    expect(counts.mostSessions).toBe(5);
  });

  it('the limit perUser does not hold up another user, and the limit perNamespace does', async () => {
    const policyName = await policies.create('shared', { limits: { perUser: 2, perNamespace: 3 } });
    const eve = await Person.whoMayAsk(stage, 'eve');
    await useAll('eve');
    await createMany(6, (index) => ({ policyName, target: { podName: `web-${index}` }, command: ['sleep', '600'] }));
    await until('two run', (now) => now.filter(({ status }) => status?.phase === 'Running').length === 2);
    for (const name of ['first', 'second'])
      expect(
        await eve.asks(name, { policyName, target: { podName: 'web-7' }, command: ['sleep', '600'] }),
      ).toMatchObject({ code: 0 });
    await stage.untilPhase('first', 'Running');
    const second = await stage.untilSession('second', ({ status }) => status?.phase === 'Pending');
    expect(findCondition(second.status?.conditions, 'Reconciling')).toMatchObject({
      reason: 'LimitReached',
      message: expect.stringContaining('sets limits.perNamespace to 3'),
    });
    expect(counts.mostSessions).toBe(3);
  });

  it('the limit waitingPerUser lets 5 sessions of a user wait, and refuses only the others of that user at once', async () => {
    const policyName = await policies.create('waiting', { limits: { waitingPerUser: 5 } });
    const ida = await Person.whoMayAsk(stage, 'ida');
    await useAll('ida');
    await createMany(40, () => ({ policyName, target: { podName: 'not-there' } }));
    expect(await ida.asks('hers', { policyName, target: { podName: 'not-there' }, command: ['true'] })).toMatchObject({
      code: 0,
    });
    const sessions = await until('all are judged', (now) => now.every(({ status }) => status?.phase !== undefined));
    const phases = sessions.map(({ status }) => status?.phase);
    expect(phases.filter((phase) => phase === 'Pending')).toHaveLength(6);
    for (const { status } of sessions.filter((one) => one.status?.phase !== 'Pending'))
      expect(status).toMatchObject({ phase: 'Failed', runs: [{ reason: 'TooManyWaiting' }] });
    expect((await stage.session('hers')).status?.phase).toBe('Pending');
  });

  it('the limit containersPerPod allows no sixth container when all have ended, and no session waits', async () => {
    const policyName = await policies.create('in-all', { limits: { containersPerPod: 5 } });
    await createMany(12, () => ({ policyName, target: { podName: 'filled' }, command: ['true'] }));
    const isOver = ({ status }: DebugSession): boolean => status?.completedAt !== undefined;
    const sessions = await until('all are over', (now) => now.every(isOver));
    expect(completed(sessions)).toHaveLength(5);
    for (const { status } of sessions.filter((one) => !completed(sessions).includes(one)))
      expect(status).toMatchObject({ phase: 'Failed', runs: [{ reason: 'TooManyEphemeralContainers' }] });
    expect(counts.mostEverIn['filled']).toBe(5);
  });

  it('the limit perNamespace lets sessions run in the order of their creation', async () => {
    const policyName = await policies.create('in-line', { limits: { perNamespace: 1 } });
    const spec = { target: { podName: 'web-0' }, policyName };
    const names = ['first', 'second', 'third', 'fourth'];
    await stage.createSession('zero', { ...spec, command: ['sleep', '600'] });
    await stage.untilPhase('zero', 'Running');
    for (const name of names) {
      await stage.createSession(name, { ...spec, command: ['true'] });
      const { status } = await stage.untilPhase(name, 'Pending');
      // Their order is known to the second.
      const accepted = findCondition(status?.conditions, 'Accepted')?.lastTransitionTime ?? '';
      await stage.until('the next second', () => Promise.resolve(Date.now() >= Date.parse(accepted) + 1000));
    }
    await stage.changeSession('zero', { cancel: true });
    await until('all have had their turn', (now) => completed(now).length === names.length);
    const injected = stage.operators[0]?.lines.filter(({ msg }) => msg === 'container injected') ?? [];
    expect(injected.slice(-names.length).map(({ session }) => session)).toEqual(names);
    expect(counts.mostSessions).toBe(1);
  });
});

describe('two operators at once', () => {
  const ofPolicy = (sessions: DebugSession[], policy: string): DebugSession[] =>
    sessions.filter(({ spec }) => spec.policyName === policy);
  let inPod: string, userInPod: string, inTarget: string;
  let other: OperatorProcess;

  // Each limit has a pod of its own. An operator that has lost a place waits for the injection that may be under way
  // (docs/adr/0070), so the three races take the time of one.
  beforeAll(async () => {
    count();
    [inPod, userInPod, inTarget] = await Promise.all([
      policies.create('per-pod', { limits: { perPod: 3 } }),
      policies.create('user-in-pod', { limits: { perPod: 3, perUserPerPod: 2 } }),
      policies.create('per-target', { allow: ['TargetContainer'], limits: { perTarget: 1 } }),
    ]);
    other = await stage.startOperator();
    const podName = 'web-1';
    await Promise.all([
      createMany(20, () => ({ policyName: inPod }), 'in-pod'),
      createMany(
        14,
        () => ({ policyName: userInPod, target: { podName: 'web-0' }, command: ['sleep', '600'] }),
        'user',
      ),
      createMany(12, () => ({ policyName: inTarget, target: { podName, containerName: 'app' } }), 'in-target'),
    ]);
  });

  afterAll(async () => {
    await other.stop();
    await leaveNone();
  });

  it('the limit perPod lets at most 3 sessions run in a pod', async () => {
    await until('8 have come and gone', (now) => completed(ofPolicy(now, inPod)).length >= 8);
    expect(counts.mostIn['crowded']).toHaveLength(3);
  });

  it('the limit perUserPerPod lets at most 2 sessions of a user run in a pod', async () => {
    const running = (now: DebugSession[]): DebugSession[] =>
      ofPolicy(now, userInPod).filter(({ status }) => status?.phase === 'Running');
    const mia = await Person.whoMayAsk(stage, 'mia');
    await useAll('mia');
    await until('two run', (now) => running(now).length === 2);
    const hers = { policyName: userInPod, target: { podName: 'web-0' }, command: ['true'] };
    expect(await mia.asks('hers', hers)).toMatchObject({ code: 0 });
    await stage.untilPhase('hers', 'Completed');
    // Of those that both operators let start at once the slower ones fail.
    const lost = (now: DebugSession[]): DebugSession[] =>
      now.filter(({ status }) => status?.runs?.at(-1)?.reason === 'LimitReached');
    await until('the others wait or have lost', (now) => {
      const ours = ofPolicy(now, userInPod);
      return waiting(ours).length + lost(ours).length === 12;
    });
    expect(counts.mostIn['web-0']?.slice(3)).toEqual([]);
    expect(running(await all())).toHaveLength(2);
  });

  it('the limit perTarget lets at most 1 session join a container', async () => {
    await until('4 have come and gone', (now) => completed(ofPolicy(now, inTarget)).length >= 4);
    expect(counts.mostIn['web-1']).toHaveLength(1);
  });
});

/** Lets somebody use every policy of this test. */
async function useAll(user: string): Promise<void> {
  const rules = [{ apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], verbs: ['use'] }];
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${stage.namespace}/roles`;
  const { items } = await stage.client.list<{ items: { metadata: { name: string } }[] }>(path);
  const isThere = items.some(({ metadata }) => metadata.name === 'uses-all');
  if (!isThere) await stage.client.create(path, { metadata: { name: 'uses-all' }, rules });
  const bound = await stage.kubectl(['create', 'rolebinding', `uses-all-${user}`, '--role=uses-all', `--user=${user}`]);
  expect(bound).toMatchObject({ code: 0 });
}
