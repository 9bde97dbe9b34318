import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { AuditLog, type AuditEvent } from '../support/cluster/audit-log.ts';
import { clientAs } from '../support/cluster/client-as.ts';
import { DEPLOYMENT, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { MetricsServer } from '../support/cluster/metrics-server.ts';
import { grantPressureRights, withdrawPressureRights } from '../support/cluster/pressure-rights.ts';
import { Stage } from '../support/cluster/stage.ts';

// The room for a debug container in its pod, and the memory of one, by Kubernetes' own metrics-server. How the pressure
// of a node is seen: test/node/node-pressure.test.ts.

/** The first time the metrics-server is built. */
const BUILD_MS = 1_200_000;
const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${DEPLOYMENT}`;
const MIB = 2 ** 20;
const HUNGRY = `head -c ${20 * MIB} /dev/zero >/dev/shm/x; sleep 600`;

let stage: Stage;
let policies: Policies;
let audit: AuditLog;

beforeAll(async () => {
  stage = await Stage.open('room', { operator: false });
  policies = new Policies(stage);
  audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '');
  await withdrawPressureRights(stage);
});

afterAll(async () => {
  await policies.close();
  await stage.close();
});

/** A pod whose container fills so many MiB of memory and sleeps. */
async function fullPod(name: string, filled: number, limits: Record<string, string>): Promise<void> {
  const script = `head -c ${filled * MIB} /dev/zero >/dev/shm/full; sleep 3600`;
  const app = { name: 'app', image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] };
  await stage.runningPod(name, { containers: [{ ...app, resources: { limits } }] });
}

async function started(name: string, podName: string, command = ['sleep', '600']): Promise<DebugSession> {
  await stage.createSession(name, { target: { podName }, command });
  return stage.untilPhase(name, 'Running');
}

async function warnings(name: string): Promise<string[]> {
  // The event of the start is the newest: the others are there as well.
  await stage.until('the events are there', async () =>
    (await stage.events('DebugSession', name)).some(({ reason }) => reason === 'Started'),
  );
  const told = (await stage.events('DebugSession', name)).filter(({ reason }) => reason === 'UnderPressure');
  return told.map(({ type, note }) => `${type} ${note}`);
}

/** What the operator asked of the metrics API, by the API server's own word. */
async function metricsAsked(): Promise<AuditEvent[]> {
  const all = await audit.requests(stage.namespace);
  return all.filter(({ user, objectRef }) => user.username === OPERATOR && objectRef?.apiGroup === 'metrics.k8s.io');
}

/** The operator gives an answer up after a second: only a faster one is a sample. */
function isSampleOf(pod: string, { objectRef, responseStatus, ...event }: AuditEvent, after: number): boolean {
  const [asked, answered] = [Date.parse(event.requestReceivedTimestamp), Date.parse(event.stageTimestamp)];
  return objectRef?.name === pod && responseStatus?.code === 200 && asked >= after && answered - asked < 900;
}

describe('without the rights of the component', () => {
  it('the operator says what the limits of the pod tell, and asks for the rest once', async () => {
    await Promise.all([
      fullPod('small', 0, { memory: '16Mi' }),
      fullPod('free', 0, {}),
      stage.startOperator('--check-pressure'),
    ]);
    await started('in-small', 'small');
    await started('in-free', 'free');
    expect(await warnings('in-small')).toEqual([
      expect.stringMatching(
        /^Warning Container debug-\S+ has no resources of its own .* and the memory limit of pod small is 16 MiB; a debug container needs 32 MiB$/,
      ),
    ]);
    expect(await warnings('in-free')).toEqual([]);
    await stage.until('the request is in the log', async () => (await metricsAsked()).length > 0);
    expect((await metricsAsked()).map(({ responseStatus }) => responseStatus?.code)).toEqual([403]);
  });

  it('a policy refuses by the limits of the pod', async () => {
    const policyName = await policies.create('careful', { onPressure: 'Refuse' });
    await stage.createSession('refused', { target: { podName: 'small' }, policyName });
    const { status } = await stage.untilPhase('refused', 'Failed');
    expect(status).toMatchObject({ reason: 'UnderPressure', runs: [{ state: 'Failed', reason: 'UnderPressure' }] });
    expect(status?.runs?.[0]?.message).toMatch(
      /has onPressure Refuse, and the memory limit of pod small is 16 MiB.*Raise/,
    );
    expect((await stage.pod('small')).spec?.ephemeralContainers).toHaveLength(1);
  });
});

const ours = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

ours('with a metrics-server', () => {
  let server: MetricsServer;
  /** That of a build that failed has nothing to stop. */
  let isStarted = false;

  beforeAll(async () => {
    await grantPressureRights(stage);
    server = await MetricsServer.start(stage);
    isStarted = true;
    await Promise.all(stage.operators.splice(0).map((operator) => operator.stop()));
    await stage.startOperator('--check-pressure');
    await Promise.all([fullPod('full', 40, { memory: '64Mi' }), stage.runningPod('roomy', appPod())]);
    await Promise.all(['full', 'roomy'].map((pod) => server.untilItKnows(pod)));
  }, BUILD_MS);

  afterAll(async () => {
    if (isStarted) await server.stop();
    await withdrawPressureRights(stage);
  });

  it('the use of the pod is taken from its limit', async () => {
    await started('in-full', 'full');
    expect(await warnings('in-full')).toEqual([
      expect.stringMatching(
        /the memory limit of pod full is 64 MiB, and its containers used 4\d MiB at \S+Z: 2\d MiB is left/,
      ),
    ]);
  });

  it('a policy refuses by the use of the pod', async () => {
    const policyName = await policies.create('by-use', { onPressure: 'Refuse' });
    // The container of the session before hides the pod for a while.
    await server.untilItKnows('full');
    await stage.createSession('by-use', { target: { podName: 'full' }, policyName });
    const { status } = await stage.untilPhase('by-use', 'Failed');
    expect(status?.runs?.[0]?.message).toMatch(/its containers used 4\d MiB at \S+Z/);
  });

  it('the highest sample of the memory of a session is recorded with its end', async () => {
    const { status } = await started('hungry', 'roomy', ['sh', '-c', HUNGRY]);
    await server.untilItSees('roomy', status?.debugContainerName ?? '', 20);
    const seenAt = Date.now();
    await stage.until('the operator has taken a sample', async () =>
      (await metricsAsked()).some((event) => isSampleOf('roomy', event, seenAt)),
    );
    expect((await stage.session('hungry')).status?.runs?.[0]).not.toHaveProperty('peakMemory');
    await stage.changeSession('hungry', { cancel: true });
    const [run] = (await stage.untilPhase('hungry', 'Cancelled')).status?.runs ?? [];
    expect(run?.peakMemory?.samples).toBeGreaterThanOrEqual(1);
    expect(run?.peakMemory?.bytes).toBeGreaterThanOrEqual(20 * MIB);
    expect(run?.peakMemory?.bytes).toBeLessThan(40 * MIB);
  });

  it('the rights of the component list no nodes and no metrics, and reach no kubelet', async () => {
    const thief = clientAs(stage, OPERATOR);
    const metrics = `/apis/metrics.k8s.io/v1beta1/namespaces/${stage.namespace}/pods`;
    await server.untilItKnows('roomy');
    try {
      await thief.get(`${metrics}/roomy`);
      for (const path of ['/api/v1/nodes', metrics, '/apis/metrics.k8s.io/v1beta1/nodes'])
        await expect(thief.list(path)).rejects.toMatchObject({ code: 403 });
      await expect(thief.get('/api/v1/nodes/any/proxy/pods')).rejects.toMatchObject({ code: 403 });
      await expect(thief.patch('/api/v1/nodes/any', {}, { type: 'merge' })).rejects.toMatchObject({ code: 403 });
    } finally {
      await thief.close();
    }
  });
});
