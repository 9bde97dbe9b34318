import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { findCondition } from '../../src/api/conditions.ts';
import { confirmation, containerState, nameOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod, brokenPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { acceptedAtRequest, refusedAtRequest } from '../support/cluster/refused-at-request.ts';
import { Stage } from '../support/cluster/stage.ts';

// What counts is what is allowed when the container is injected, not when it was asked for; and what is changed while
// it runs is judged again.

let stage: Stage;
let policies: Policies;
const ASLEEP = { command: ['sleep', '600'], ttl: '10m' };

beforeAll(async () => {
  stage = await Stage.open('policy-races');
  policies = new Policies(stage);
  await stage.runningPod('web', appPod());
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

type Spec = Partial<DebugSessionSpec>;

/** A session that waits for its pod. */
async function waits(name: string, spec: Spec): Promise<void> {
  await stage.createSession(name, { target: { podName: name }, command: ['true'], ...spec });
  await stage.untilPhase(name, 'Pending');
}

/** The one run of a session that failed before anything was injected. */
async function failed(name: string): Promise<{ reason?: string; message?: string }> {
  const { status } = await stage.untilPhase(name, 'Failed');
  expect(status?.runs).toHaveLength(1);
  expect(status?.runs?.[0]?.injectedAt).toBeUndefined();
  expect(findCondition(status?.conditions, 'Accepted')).toMatchObject({
    status: 'False',
    reason: status?.runs?.[0]?.reason,
  });
  return status?.runs?.[0] ?? {};
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** The right to use a policy. kubectl makes no role with a verb that it does not know. */
const mayUse = (policy: string): object => ({
  rules: [{ apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], resourceNames: [policy], verbs: ['use'] }],
});

async function bind(name: string, policy: string, subject: string): Promise<void> {
  await stage.client.create(`${RBAC}/namespaces/${stage.namespace}/roles`, { metadata: { name }, ...mayUse(policy) });
  expect(await stage.kubectl(['create', 'rolebinding', name, `--role=${name}`, subject])).toMatchObject({ code: 0 });
}

describe('changes between the request and the injection', () => {
  it('a session is refused when its policy is narrowed before its pod is there', async () => {
    const policyName = await policies.create('narrowed');
    await waits('narrowed', { policyName });
    await policies.change(policyName, { images: ['docker.io/library/alpine:*'] });
    await stage.createPod('narrowed', appPod());
    expect(await failed('narrowed')).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining('is not allowed'),
    });
    expect(ephemeralNames(await stage.pod('narrowed'))).toEqual([]);
  });

  it('a session gets no container when its policy is deleted before its pod is there', async () => {
    const policyName = await policies.create('deleted');
    await waits('deleted', { policyName, pendingTimeout: '3s' });
    await policies.delete(policyName);
    await stage.createPod('deleted', appPod());
    expect((await stage.untilPhase('deleted', 'Failed')).status?.runs).toMatchObject([
      { reason: 'PendingTimeout', message: expect.stringContaining(`There is no DebugPolicy ${policyName}`) },
    ]);
    expect(ephemeralNames(await stage.pod('deleted'))).toEqual([]);
  });

  it('a session is refused when its requester loses the right to use the policy', async () => {
    const policyName = await policies.create('withdrawn');
    const dana = await Person.whoMayAsk(stage, 'dana');
    await bind('uses', policyName, '--user=dana');
    const asked = { target: { podName: 'withdrawn' }, command: ['true'], policyName };
    await stage.until('dana may use it', async () => (await dana.asks('withdrawn', asked)).code === 0);
    await stage.untilPhase('withdrawn', 'Pending');
    expect(await stage.kubectl(['delete', 'rolebinding', 'uses'])).toMatchObject({ code: 0 });
    await stage.until('dana may not any more', async () => {
      const again = await dana.kubectl([
        'patch',
        'dbg',
        'withdrawn',
        '--type=merge',
        '--patch={"spec":{"attempt":2}}',
        '--dry-run=server',
      ]);
      return again.stderr.includes('dana may not use DebugPolicy');
    });
    await stage.createPod('withdrawn', appPod());
    expect(await failed('withdrawn')).toMatchObject({
      reason: 'RequesterNotAllowed',
      message: expect.stringMatching(/dana may not use DebugPolicy .*-withdrawn/),
    });
    expect(ephemeralNames(await stage.pod('withdrawn'))).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    [
      'a privileged one',
      { securityContext: { privileged: true } },
      /which has a privileged container, needs PrivilegedPods/,
    ],
    ['one in the processes of the node', { hostPID: true }, /with hostPID needs HostPods/],
  ])('a session is refused when its pod is swapped for %s of the same name', async (words, more, says) => {
    const name = `swapped-${nameOf(words)}`;
    const policyName = await policies.create(name, { allow: ['TargetContainer'] });
    await stage.createPod(name, brokenPod());
    const target = { podName: name, containerName: 'app' };
    await stage.createSession(name, { target, command: ['true'], policyName });
    await stage.untilPhase(name, 'Pending');
    await stage.deletePod(name, 0);
    await stage.untilGone(podsPath(stage.namespace), name);
    const { containers, ...rest } = appPod() as { containers: object[] };
    const evil =
      'securityContext' in more
        ? { ...rest, containers: [{ ...containers[0], ...more }] }
        : { ...rest, containers, ...more };
    await stage.createPod(name, evil);
    expect(await failed(name)).toMatchObject({ reason: 'PolicyDenied', message: expect.stringMatching(says) });
    expect(ephemeralNames(await stage.pod(name))).toEqual([]);
  });

  it('a session is refused when its pod or its namespace leaves the selectors of the policy', async () => {
    const pods = await policies.create('of-pods', { podSelector: { matchLabels: { debug: 'yes' } } });
    const namespaces = await policies.create('of-namespaces', { namespaceSelector: { matchLabels: { debug: 'yes' } } });
    // The API server refuses the session until it knows the label.
    const refused = await refusedAtRequest(stage, { policyName: namespaces });
    expect(refused).toContain(`namespace ${stage.namespace} does not match namespaceSelector (debug=yes)`);
    await stage.kubectl(['label', 'namespace', stage.namespace, 'debug=yes']);
    await stage.until('the API server knows the label', () => acceptedAtRequest(stage, { policyName: namespaces }));
    await Promise.all([waits('of-pods', { policyName: pods }), waits('of-namespaces', { policyName: namespaces })]);
    await stage.kubectl(['label', 'namespace', stage.namespace, 'debug-']);
    await Promise.all(['of-pods', 'of-namespaces'].map((name) => stage.createPod(name, appPod())));
    expect(await failed('of-pods')).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining('podSelector'),
    });
    expect(await failed('of-namespaces')).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining('namespaceSelector'),
    });
    for (const name of ['of-pods', 'of-namespaces']) expect(ephemeralNames(await stage.pod(name))).toEqual([]);
  });
});

describe('changes while the container runs', () => {
  async function runs(name: string, spec: Spec): Promise<DebugSession> {
    await stage.createSession(name, { target: { podName: 'web' }, ...ASLEEP, ...spec });
    return stage.untilPhase(name, 'Running');
  }

  it('a ttl that is raised above the policy changes nothing', async () => {
    const policyName = await policies.create('short', { ttl: { max: '10m' } });
    const before = await runs('raised', { policyName });
    await stage.changeSession('raised', { ttl: '24h' });
    const { status } = await stage.untilSession(
      'raised',
      ({ status }) => findCondition(status?.conditions, 'Running')?.message.includes('allows 10m at most') === true,
    );
    expect(status).toMatchObject({ expiresAt: before.status?.expiresAt, runs: [{ effective: { ttl: '10m' } }] });
    expect(status?.runs?.[0]?.lastMoment).toBe(before.status?.runs?.[0]?.lastMoment);
  });

  it('an eviction that the policy forbids is refused, and the pod stays', async () => {
    const { uid } = (await stage.pod('web')).metadata;
    const policyName = await policies.create('no-eviction');
    await runs('evicts', { policyName });
    await stage.changeSession('evicts', { podAfterSession: 'Evict', ifUnstoppable: 'EvictPod', cancel: true });
    const { status } = await stage.untilSession(
      'evicts',
      ({ status }) => findCondition(status?.conditions, 'PodRetired') !== undefined,
    );
    expect(findCondition(status?.conditions, 'PodRetired')).toMatchObject({ status: 'False', reason: 'PolicyDenied' });
    expect((await stage.pod('web')).metadata.uid).toBe(uid);
    expect((await stage.pod('web')).metadata.deletionTimestamp).toBeUndefined();
  });

  it.each<[string, (name: string) => Promise<void>]>([
    ['narrowed', (name) => policies.change(name, { images: [] })],
    ['deleted', (name) => policies.delete(name)],
  ])(
    'a policy with revokeRunning that is %s ends its container, and a policy without revokeRunning does not',
    async (words, change) => {
      const names = { revoking: `${words}-revoking`, lasting: `${words}-lasting` };
      const revoking = await policies.create(names.revoking, { revokeRunning: true });
      const lasting = await policies.create(names.lasting);
      await Promise.all([runs(names.revoking, { policyName: revoking }), runs(names.lasting, { policyName: lasting })]);
      await Promise.all([change(revoking), change(lasting)]);
      const over = await stage.untilSession(names.revoking, (session) => confirmation(session)?.status === 'True');
      expect(over.status?.runs).toMatchObject([{ state: 'Ended', stop: { cause: 'Revoked' } }]);
      expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
      // Its policy was changed at the same time: it has seen that, for it is the same informer.
      const other = await stage.session(names.lasting);
      expect(other.status?.phase).toBe('Running');
      expect(await containerState(stage, other)).toMatchObject({ running: {} });
    },
  );
});

describe('the use of a policy', () => {
  let policyName: string;
  const spec = (): Spec => ({ target: { podName: 'web' }, command: ['true'], policyName });
  const REFUSED = (who: string): object => ({
    code: 1,
    stderr: expect.stringMatching(
      new RegExp(`${who} may not use DebugPolicy ${policyName} in namespace ${stage.namespace}`),
    ),
  });

  beforeAll(async () => {
    policyName = await policies.create('of-others');
    await bind('group-uses', policyName, '--group=sres');
    await bind('account-uses', policyName, `--serviceaccount=${stage.namespace}:robot`);
    const account = `system:serviceaccount:${stage.namespace}:robot`;
    const gus = await Person.whoMayAsk(stage, 'gus', ['sres']);
    const robot = await Person.whoMayAsk(stage, account);
    await stage.until('the bindings are in force', async () => (await gus.asks('by-group', spec())).code === 0);
    expect(await robot.asks('by-account', spec())).toMatchObject({ code: 0 });
  });

  it('a group and a service account with the right use a policy up to the injection', async () => {
    for (const name of ['by-group', 'by-account'])
      expect((await stage.untilPhase(name, 'Completed')).status?.runs).toMatchObject([{ policyName, exitCode: 0 }]);
  });

  it('a requester without the right cannot use a policy, whatever its name is', async () => {
    const eve = await Person.whoMayAsk(stage, 'eve');
    expect(await eve.asks('of-eve', spec())).toMatchObject(REFUSED('eve'));
    const unknown = await eve.asks('of-eve', { ...spec(), policyName: 'not-there' });
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/eve may not use DebugPolicy not-there/) });
  });

  it('an author of a policy cannot use it without the right', async () => {
    const author = await Person.whoMayAsk(stage, 'author');
    const role = `${stage.namespace}-authors`;
    const verbs = '--verb=get,list,watch,create,update,patch,delete';
    await stage.kubectl(['create', 'clusterrole', role, verbs, '--resource=debugpolicies.debugsession.dev']);
    await stage.kubectl(['create', 'clusterrolebinding', role, `--clusterrole=${role}`, '--user=author']);
    try {
      const opened = { spec: { allow: ['Env'] } };
      const write = ['patch', 'debugpolicy', policyName, '--type=merge', `--patch=${JSON.stringify(opened)}`];
      await stage.until('the author may write it', async () => (await author.kubectl(write)).code === 0);
      expect(await author.asks('of-author', spec())).toMatchObject(REFUSED('author'));
    } finally {
      await stage.kubectl(['delete', `clusterrole/${role}`, `clusterrolebinding/${role}`]);
    }
  });

  it('a user with the right in another namespace cannot use the policy here', async () => {
    const role = `${stage.namespace}-use`;
    await stage.client.create(`${RBAC}/clusterroles`, { metadata: { name: role }, ...mayUse(policyName) });
    await stage.cluster.kubectl([
      'create',
      'rolebinding',
      role,
      `--clusterrole=${role}`,
      '--user=nora',
      '--namespace=default',
    ]);
    try {
      const nora = await Person.whoMayAsk(stage, 'nora');
      const asks = [
        'auth',
        'can-i',
        'use',
        `debugpolicies.debugsession.dev/${policyName}`,
        '--as=nora',
        '--namespace=default',
      ];
      await stage.until('nora may use it there', async () => (await stage.cluster.kubectl(asks)).code === 0);
      expect(await nora.asks('of-nora', spec())).toMatchObject(REFUSED('nora'));
    } finally {
      await stage.kubectl(['delete', `clusterrole/${role}`]);
      await stage.cluster.kubectl(['delete', 'rolebinding', role, '--namespace=default']);
    }
  });

  it('each attempt needs the right of the user who raises it', async () => {
    const eve = await Person.whoMayAsk(stage, 'eve-too');
    await stage.untilPhase('by-group', 'Completed');
    expect(await eve.patch('by-group', { spec: { attempt: 2 } })).toMatchObject(REFUSED('eve-too'));
    expect(await eve.asks('own', { command: ['true'] })).toMatchObject({ code: 0 });
    await stage.untilPhase('own', 'Completed');
    expect(await eve.patch('own', { spec: { attempt: 2, policyName } })).toMatchObject(REFUSED('eve-too'));
    expect((await stage.session('own')).status?.runs).toHaveLength(1);
  });
});
