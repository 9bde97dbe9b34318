import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { Lease } from '../../src/runtime/lease.ts';
import { AuditLog, isWrite } from '../support/cluster/audit-log.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import type { LogLine, OperatorProcess } from '../support/cluster/operator-process.ts';
import { appPod } from '../support/builders/pods.ts';
import { letReadPolicy } from '../support/cluster/policy-reader.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// Replicas as a Deployment would run them, but as processes that can be killed and frozen. Their Lease is in the
// namespace of the test, under the very rules of config/rbac/leader-election-role.yaml.

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const FROZEN = 'frozen';
const command = ['sleep', '600'];
let stage: Stage;
let kubeconfig: string;

beforeAll(async () => {
  stage = await Stage.open('hand-over', { operator: false });
  await Promise.all([stage.runningPod('web', appPod()), grantRights()]);
  kubeconfig = await stage.cluster.createServiceAccountKubeconfig(
    'debugsession-system',
    'debugsession-controller-manager',
  );
});

afterEach(async () => {
  for (const { pid } of stage.operators) resume(pid);
  await Promise.all(stage.operators.splice(0).map((operator) => operator.stop()));
});

afterAll(() => stage.close());

it('another replica leads within a second when the leader is stopped, and running sessions go on', async () => {
  // A standby that polls would lead after 80 s at the soonest, on a busy machine too.
  const replicas = await startReplicas('250s', '200s', '80s');
  const leader = await firstToLead(replicas);
  const [standby] = replicas.filter((one) => one !== leader) as [OperatorProcess];
  await createSession('across', '6s');
  await stage.untilPhase('across', 'Running');
  const ended = untilSettled('across', 'Expired');

  expect(await leader.stop()).toBe(0);
  const releasedAt = timeOf(await leader.until(({ msg }) => msg === 'gave the lease back'));
  const tookMs = timeOf(await standby.until(leads)) - releasedAt;
  report('SIGTERM', tookMs);
  expect(tookMs).toBeLessThanOrEqual(patient(3_000));

  await createSession('next', '1s');
  const [across] = await Promise.all([ended, untilSettled('next', 'Expired')]);
  expect(across.status?.runs).toHaveLength(1);
  await stage.until('the whole story', async () => (await reasons('across')).length >= 3);
  // Each once: what the old leader had to tell was told before it gave the Lease back.
  expect(await reasons('across')).toEqual(['Injected', 'Started', 'Ended']);
  expect(await containersOf('across')).toHaveLength(1);
  expect([...leader.lines, ...standby.lines].filter(isTrouble)).toEqual([]);
});

it('another replica leads once the Lease of a killed leader runs out, and serves the sessions created meanwhile', async () => {
  const replicas = await startReplicas('6s', '4s', '1s');
  const leader = await firstToLead(replicas);
  const [standby] = replicas.filter((one) => one !== leader) as [OperatorProcess];
  await createSession('ends-in-the-gap', '3s');
  await stage.untilPhase('ends-in-the-gap', 'Running');

  const killedAt = Date.now();
  await leader.kill();
  const { spec } = await lease();
  await createSession('of-the-gap', '1s');
  const ledAt = timeOf(await standby.until(leads));
  report('kill -9 with 6/4/1 s', ledAt - killedAt);
  expect(ledAt - Date.parse(spec.renewTime ?? '')).toBeGreaterThanOrEqual(6_000);
  expect(ledAt - killedAt).toBeLessThanOrEqual(patient(14_000));

  const [ended] = await Promise.all(['ends-in-the-gap', 'of-the-gap'].map((name) => untilSettled(name, 'Expired')));
  expect(ended?.status?.runs).toMatchObject([{ attempt: 1, endedBy: 'Supervisor' }]);
  expect(await containersOf('ends-in-the-gap')).toHaveLength(1);
  expect(await containersOf('of-the-gap')).toHaveLength(1);
  expect(standby.lines.filter(isTrouble)).toEqual([]);
});

/** Who wrote what is in the audit log of a cluster of our own only. */
const onOwn = process.env['CLUSTER'] === 'current' ? it.skip : it;

onOwn(
  'a leader that was frozen for longer than its Lease lasts writes nothing when it wakes up, and ends',
  async () => {
    const audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '');
    const own = await stage.cluster.createServiceAccountKubeconfig(stage.namespace, FROZEN);
    const frozen = await startReplica(own, '6s', '4s', '1s');
    await frozen.until(leads);
    const standby = await startReplica(kubeconfig, '6s', '4s', '1s');
    await createSession('before', '5m');
    await stage.untilPhase('before', 'Running');
    // Its last write. One that is on its way while the process is frozen would arrive afterwards, checked before.
    await stage.until('its event Started', async () => (await reasons('before')).includes('Started'));

    process.kill(frozen.pid, 'SIGSTOP');
    // Their news waits in its connections.
    const names = ['one', 'two', 'three', 'four'];
    await Promise.all(names.map((name) => createSession(name, '5m')));
    await standby.until(leads);
    await Promise.all(names.map((name) => stage.untilPhase(name, 'Running')));
    const wokeAt = Date.now();
    resume(frozen.pid);
    expect(await frozen.ended).toBe(1);
    expect(frozen.lines.map(({ msg }) => msg)).toContain('lost the leadership');

    // Every request is in the log a moment after its answer; the next write of the one who leads comes after all of
    // those.
    await stage.changeSession('before', { ttl: '4m' });
    const writes = (await audit.requests(stage.namespace)).filter(
      (event) => isWrite(event) && event.objectRef?.resource !== 'leases' && event.user.username.endsWith(`:${FROZEN}`),
    );
    expect(writes.length).toBeGreaterThan(0);
    expect(writes.filter(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp) >= wokeAt)).toEqual([]);
    for (const name of names) expect(await containersOf(name)).toHaveLength(1);
  },
);

/** The Role of the installation, but here; and what a replica with an account of its own needs besides. */
async function grantRights(): Promise<void> {
  const { namespace, client } = stage;
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: FROZEN } });
  const role = parse(readFileSync(repositoryPath('config/rbac/leader-election-role.yaml'), 'utf8')) as {
    metadata: { name: string };
  };
  const { name } = role.metadata;
  await client.create(`${RBAC}/namespaces/${namespace}/roles`, { ...role, metadata: { name } });
  const accounts = ['system:serviceaccounts:debugsession-system', `system:serviceaccounts:${namespace}`];
  const subjects = accounts.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }));
  const bind = (kind: string, to: string): Promise<unknown> =>
    client.create(`${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { name: `${kind}-${to}`.toLowerCase() },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
      subjects,
    });
  await Promise.all([bind('Role', name), bind('ClusterRole', 'debugsession-manager'), letReadPolicy(stage, FROZEN)]);
}

function startReplica(account: string, duration: string, deadline: string, retry: string): Promise<OperatorProcess> {
  return stage.startOperatorAs(
    account,
    '--leader-elect',
    `--leader-election-namespace=${stage.namespace}`,
    `--leader-election-lease-duration=${duration}`,
    `--leader-election-renew-deadline=${deadline}`,
    `--leader-election-retry-period=${retry}`,
  );
}

function startReplicas(duration: string, deadline: string, retry: string): Promise<OperatorProcess[]> {
  return Promise.all([1, 2].map(() => startReplica(kubeconfig, duration, deadline, retry)));
}

function leads({ msg }: LogLine): boolean {
  return msg === 'became the leader';
}

function firstToLead(replicas: OperatorProcess[]): Promise<OperatorProcess> {
  return Promise.race(replicas.map((one) => one.until(leads).then(() => one)));
}

function isTrouble({ level }: LogLine): boolean {
  return level === 'warn' || level === 'error';
}

function timeOf({ time }: LogLine): number {
  return Date.parse(String(time));
}

function report(how: string, ms: number): void {
  process.stderr.write(`hand-over after ${how}: ${ms} ms\n`);
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}

function createSession(name: string, ttl: string): ReturnType<Stage['createSession']> {
  return stage.createSession(name, { target: { podName: 'web', containerName: 'app' }, command, ttl });
}

/** In this phase and let go of: nothing more is to come. */
function untilSettled(name: string, phase: string): ReturnType<Stage['untilSession']> {
  return stage.untilSession(name, (s) => s.status?.phase === phase && s.metadata.finalizers === undefined);
}

function lease(): Promise<Lease> {
  return stage.client.get<Lease>(`/apis/coordination.k8s.io/v1/namespaces/${stage.namespace}/leases/debugsession.dev`);
}

async function reasons(session: string): Promise<string[]> {
  return (await stage.events('DebugSession', session)).map(({ reason }) => reason);
}

/** The containers in the pod that are this session's. */
async function containersOf(session: string): Promise<unknown[]> {
  const prefix = (await stage.session(session)).status?.debugContainerName?.replace(/\d+$/, '') ?? 'none';
  const containers = (await stage.pod('web')).spec?.ephemeralContainers ?? [];
  return containers.filter(({ name }) => name.startsWith(prefix));
}
