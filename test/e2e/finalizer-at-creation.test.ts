import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import {
  API_VERSION,
  FINALIZER,
  KIND,
  LIVE_LABEL,
  SERVED_ANNOTATION,
  type DebugSession,
} from '../../src/api/debugsession.ts';
import { microTime } from '../../src/runtime/micro-time.ts';
import { containerName } from '../../src/session/container/container.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod } from '../support/builders/pods.ts';
import { AuditLog, isWrite, type AuditEvent } from '../support/cluster/audit-log.ts';
import type { OperatorProcess } from '../support/cluster/operator-process.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';
import { repositoryPath } from '../support/documents/crd.ts';

// docs/adr/0066: admission puts finalizer and live label on a new session while an operator leads that serves its
// namespace. Each test has the shipped policy, bound to the Lease of its own namespace.

const asked = { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '3s' };
const GUARDED = [[FINALIZER], 'true'];
const BARE = [undefined, undefined];
const guardOf = ({ metadata }: DebugSession): unknown[] => [metadata.finalizers, metadata.labels?.[LIVE_LABEL]];
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings';

let stage: Stage;
let dana: Person | undefined;

beforeAll(async () => {
  stage = await Stage.open('at-creation', { operator: false });
  await stage.runningPod('web', appPod());
  for (const file of ['leader-election-role', 'leader-election-role-binding'])
    await applyHere(`config/rbac/${file}.yaml`);
  await bindHere();
});

// Else the next operator of a test waits for the Lease of the one before.
afterEach(async () => {
  for (const operator of stage.operators.splice(0)) await operator.stop();
});

afterAll(async () => {
  await stage.client.delete(`${BINDINGS}/${stage.namespace}`);
  await stage.close();
});

/** The operator's account keeps its namespace: the rights are for a Lease in that of the test. */
async function applyHere(file: string): Promise<void> {
  const manifest = parse(readFileSync(repositoryPath(file), 'utf8')) as { metadata: { namespace?: string } };
  manifest.metadata.namespace = stage.namespace;
  expect(await stage.kubectl(['apply', '-f', '-'], JSON.stringify(manifest))).toMatchObject({ code: 0 });
}

/** The shipped binding, for this namespace and its Lease alone. */
async function bindHere(): Promise<void> {
  const file = repositoryPath('config/admission/fill-in-finalizer-policy-binding.yaml');
  const shipped = parse(readFileSync(file, 'utf8')) as { spec: { paramRef: object } };
  const matchLabels = { 'kubernetes.io/metadata.name': stage.namespace };
  await stage.client.create(BINDINGS, {
    ...shipped,
    metadata: { name: stage.namespace },
    spec: {
      ...shipped.spec,
      paramRef: { ...shipped.spec.paramRef, namespace: stage.namespace },
      matchResources: { namespaceSelector: { matchLabels } },
    },
  });
}

function startLeader(...args: string[]): Promise<OperatorProcess> {
  const lease = ['--leader-election-lease-duration=4s', '--leader-election-renew-deadline=3s'];
  const often = ['--leader-election-retry-period=1s', ...args];
  return stage.startOperator('--leader-elect', `--leader-election-namespace=${stage.namespace}`, ...lease, ...often);
}

const leases = (): string => `/apis/coordination.k8s.io/v1/namespaces/${stage.namespace}/leases`;

/** The session as it would be created now. Nothing is kept. */
function tried(metadata: object = {}): Promise<DebugSession> {
  const spec = { target: { podName: 'web' }, image: 'busybox' };
  const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'tried', ...metadata }, spec };
  return stage.client.create<DebugSession>(`${sessionsPath(stage.namespace)}?dryRun=All`, body);
}

/** The API server hears of a Lease, and of a binding, after a moment. */
async function untilCreatedAs(guard: unknown[]): Promise<void> {
  const wanted = JSON.stringify(guard);
  await stage.until(`new sessions have ${wanted}`, async () => JSON.stringify(guardOf(await tried())) === wanted);
}

it('a session under a leading operator has its finalizer from the creation on, and costs five writes', async () => {
  const audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '');
  await startLeader();
  await untilCreatedAs(GUARDED);
  expect(guardOf(await stage.createSession('clean', asked))).toEqual(GUARDED);
  const over = await stage.untilSession('clean', (s) => s.status?.phase === 'Expired' && guardOf(s)[0] === undefined);
  expect(guardOf(over)).toEqual(BARE);
  const isOperators = ({ user, objectRef }: AuditEvent): boolean =>
    user.username.endsWith('controller-manager') && !['events', 'leases'].includes(objectRef?.resource ?? '');
  const writes = async (): Promise<AuditEvent[]> =>
    (await audit.requests(stage.namespace)).filter((request) => isWrite(request) && isOperators(request));
  await stage.until('the books are closed', async () => (await writes()).length >= 6);
  const asWords = (await writes()).map(({ verb, objectRef }) => [verb, objectRef?.subresource ?? objectRef?.resource]);
  // The log has them in the order of their answers.
  const besideEachOther = asWords.slice(0, 2);
  expect([...besideEachOther].sort()).toEqual([
    ['create', 'localsubjectaccessreviews'],
    ['update', 'status'],
  ]);
  expect(asWords).toEqual([
    ...besideEachOther,
    ['patch', 'ephemeralcontainers'],
    ['update', 'status'],
    ['update', 'status'],
    ['patch', 'debugsessions'],
  ]);
});

it('a session that is created by server-side apply keeps its finalizer when the manifest is applied again', async () => {
  await startLeader();
  await untilCreatedAs(GUARDED);
  const metadata = { name: 'applied', labels: { team: 'shop' } };
  const manifest = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata,
    spec: { ...asked, ttl: '10m', image: busyboxImage },
  };
  for (const words of ['serverside-applied', 'serverside-applied']) {
    const applied = await stage.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(manifest));
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining(words) });
    const session = await stage.untilPhase('applied', 'Running');
    expect([guardOf(session), session.metadata.labels?.['team']]).toEqual([GUARDED, 'shop']);
  }
  await stage.deleteSession('applied');
  await stage.untilSessionGone('applied');
});

it('a session that waits under a leading operator holds no finalizer', async () => {
  await startLeader();
  await untilCreatedAs(GUARDED);
  await stage.createSession('early', { ...asked, target: { podName: 'not-there' } });
  await stage.untilSession('early', (s) => s.status?.phase === 'Pending' && guardOf(s)[0] === undefined);
});

it('a session without an operator that leads can be deleted at once', async () => {
  const operator = await startLeader();
  await untilCreatedAs(GUARDED);
  await operator.stop();
  await untilCreatedAs(BARE);
  expect(guardOf(await stage.createSession('alone', asked))).toEqual(BARE);
  await stage.deleteSession('alone');
  await stage.untilSessionGone('alone');
});

it('the Lease of an operator that was killed counts no longer than it lasts', async () => {
  const operator = await startLeader();
  await untilCreatedAs(GUARDED);
  await operator.kill();
  await untilCreatedAs(BARE);
});

it('the next operator takes the finalizer off a session that was deleted while no operator ran', async () => {
  await stage.client.delete(`${leases()}/debugsession.dev`);
  // It lasts until the test has created its session, however long that takes.
  const spec = { holderIdentity: 'dead', leaseDurationSeconds: 3_600, renewTime: microTime(Date.now()) };
  const metadata = { name: 'debugsession.dev', annotations: { [SERVED_ANNOTATION]: '*' } };
  await stage.client.create(leases(), { metadata, spec });
  await untilCreatedAs(GUARDED);
  const { metadata: orphan } = await stage.createSession('orphan', asked);
  await stage.deleteSession('orphan');
  expect((await stage.session('orphan')).metadata.finalizers).toEqual([FINALIZER]);
  await stage.client.delete(`${leases()}/debugsession.dev`);
  await startLeader();
  await stage.untilSessionGone('orphan');
  const containers = (await stage.pod('web')).spec?.ephemeralContainers ?? [];
  expect(containers.map(({ name }) => name)).not.toContain(containerName(orphan.uid, 1));
});

it('a session in a namespace that the operator does not serve has no finalizer', async () => {
  const served = await startLeader();
  await untilCreatedAs(GUARDED);
  await served.stop();
  const elsewhere = await startLeader(`--namespaces=${stage.namespace}-other`);
  await elsewhere.until(({ msg }) => msg === 'became the leader');
  await stage.untilObject<{ metadata: { annotations?: Record<string, string> } }>(
    leases(),
    'debugsession.dev',
    ({ metadata }) => metadata.annotations?.[SERVED_ANNOTATION] === `${stage.namespace}-other`,
  );
  expect(guardOf(await tried())).toEqual(BARE);
});

it.each([
  ['without the finalizer', { labels: { [LIVE_LABEL]: 'true' } }],
  ['of another value', { labels: { [LIVE_LABEL]: 'yes' }, finalizers: [FINALIZER] }],
])('the API server refuses a live label %s in a manifest', async (_words, parts) => {
  dana ??= await Person.whoMayAsk(stage, 'dana');
  const metadata = { name: 'tried', ...parts };
  const refused = await dana.create({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata,
    spec: { ...asked, image: busyboxImage },
  });
  expect(refused.stderr).toContain("the label debugsession.dev/live is the operator's");
});
