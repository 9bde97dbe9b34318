import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { ContainerState } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { AuditLog } from '../support/cluster/audit-log.ts';
import { confirmation } from '../support/cluster/ending.ts';
import { appPod, containerID, ephemeralNames, isReady, shellPod } from '../support/builders/pods.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// What becomes of a session whose pod, or whose target, goes under it.

let stage: Stage;
let audit: AuditLog | undefined;

/** An application that takes its time when it is told to end. */
const DRAINS = `trap : TERM; ${UNTIL_TOLD}`;

const JOB_GRACE_SECONDS = 4;

beforeAll(async () => {
  stage = await Stage.open('pods-that-go');
  if (stage.cluster.node !== undefined) audit = await AuditLog.from(stage.cluster.node.auditLog);
  await Promise.all([
    ...['forced', 'deleted', 'evicted'].map((name) => stage.runningPod(name, appPod())),
    stage.runningPod('restarted', shellPod(UNTIL_TOLD)),
    stage.runningPod('draining', shellPod(DRAINS, { terminationGracePeriodSeconds: 60 })),
    createWorkload('apps/v1', 'statefulsets', 'again', { template: appPod(), selector: true }),
    createWorkload('batch/v1', 'jobs', 'job', {
      template: shellPod(UNTIL_TOLD, { restartPolicy: 'Never', terminationGracePeriodSeconds: JOB_GRACE_SECONDS }),
    }),
  ]);
});

afterAll(() => stage.close());

async function createWorkload(
  group: string,
  plural: string,
  name: string,
  { template, selector }: { template: object; selector?: boolean },
): Promise<void> {
  const labels = { app: name };
  const spec = {
    template: { metadata: { labels }, spec: template },
    ...(selector && { selector: { matchLabels: labels } }),
  };
  await stage.client.create(`/apis/${group}/namespaces/${stage.namespace}/${plural}`, { metadata: { name }, spec });
}

async function running(podName: string, spec: Partial<DebugSessionSpec> = {}): Promise<DebugSession> {
  await stage.createSession(podName, { command: ['sleep', '600'], ...spec, target: { podName, ...spec.target } });
  return stage.untilPhase(podName, 'Running');
}

/** The container of a session is not among those that run on the node. */
async function expectEndedOnNode({ status }: DebugSession): Promise<void> {
  const id = containerID(status?.runs?.[0]);
  expect(id).not.toBe('');
  const { node } = stage.cluster;
  if (node === undefined) return;
  await stage.until('it has ended on the node', async () => !(await node.runningContainers()).has(id));
}

it.concurrent(
  'the session says that its pod is draining, and offers no terminal in a container that has been told to end',
  async () => {
    const { status } = await running('draining');
    expect(status?.attachCommand).toContain('kubectl attach');
    const asked = Date.now();
    expect(await stage.kubectl(['delete', 'pod', 'draining', '--wait=false'])).toMatchObject({ code: 0 });
    const told = await stage.untilSession('draining', (now) => now.status?.reason === 'PodTerminating');
    expect([told.status?.phase, told.status?.attachCommand]).toEqual(['Running', undefined]);
    const message = told.status?.conditions?.find(({ type }) => type === 'Running')?.message ?? '';
    const since = /^Pod draining has been terminating since (\S+)\. /.exec(message)?.[1] ?? '';
    expect(Math.abs(Date.parse(since) - asked)).toBeLessThan(patient(10_000));
    await tellToEnd(stage, 'draining');
    const over = await stage.untilPhase('draining', 'Completed');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'PodGone' }]);
    await expectEndedOnNode(over);
  },
);

it.concurrent(
  'the end of a container stays unknown when its pod is deleted by force, also after its last moment',
  async () => {
    await running('forced', { ttl: '4s', startTimeout: '12s' });
    await stage.deletePod('forced', 0);
    const over = await stage.untilPhase('forced', 'Completed');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'PodGone', reason: 'PodGone' }]);
    expect(over.status?.runs?.[0]?.exitCode).toBeUndefined();
    expect(confirmation(over)).toMatchObject({ status: 'Unknown', reason: 'ForceDeleted' });
    const lastMoment = Date.parse(over.status?.runs?.[0]?.lastMoment ?? '');
    await stage.until('its last moment has passed', async () => Date.now() > lastMoment + 3_000);
    const later = await stage.session('forced');
    expect(confirmation(later)).toMatchObject({ status: 'Unknown', reason: 'ForceDeleted' });
    expect(later.metadata.finalizers).toBeUndefined();
    await expectEndedOnNode(later);
  },
);

it.concurrent.each([
  ['deleted', () => stage.deletePod('deleted')],
  [
    'evicted',
    () =>
      stage.client.create(`${podsPath(stage.namespace)}/evicted/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'evicted', namespace: stage.namespace },
      }),
  ],
] as const)('the run records the end of its container and its pod when the pod is %s in order', async (name, go) => {
  await running(name);
  await go();
  const over = await stage.untilPhase(name, 'Completed');
  expect(over.status?.runs).toMatchObject([{ state: 'Ended', endedBy: 'PodGone' }]);
  // TERM, or KILL where the grace period was over first.
  expect([143, 137]).toContain(over.status?.exitCode);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  await expectEndedOnNode(over);
  await stage.untilGone(podsPath(stage.namespace), name);
});

it.concurrent('the operator does nothing to a new pod that a StatefulSet makes under the old name', async () => {
  const podName = 'again-0';
  await stage.untilPod(podName, isReady);
  const session = await running(podName, { supervisor: 'None', command: ['sleep', '600'] });
  const old = session.status?.runs?.[0]?.podUID;
  // Nothing in it ends of what can be sent from inside, so the operator would ask again and again.
  await stage.changeSession(podName, { cancel: true });
  await stage.untilPhase(podName, 'Ending');
  await stage.deletePod(podName, 0);
  const made = await stage.untilPod(podName, (pod) => pod.metadata.uid !== old && isReady(pod));
  const over = await stage.untilSession(podName, (s) => s.status?.completedAt !== undefined);
  expect(over.status?.runs).toMatchObject([{ podUID: old, endedBy: 'PodGone', attempt: 1 }]);
  expect(confirmation(over)).toMatchObject({ status: 'Unknown', reason: 'ForceDeleted' });
  await expectEndedOnNode(over);
  expect(ephemeralNames(await stage.pod(podName))).toEqual([]);
  const since = made.metadata.creationTimestamp ?? '';
  // One that was on its way when the pod went is refused: the new pod has no such container.
  const entered = (await audit?.requests(stage.namespace))?.filter(
    ({ objectRef, requestReceivedTimestamp, responseStatus }) =>
      objectRef?.name === podName &&
      ['exec', 'attach', 'eviction', 'ephemeralcontainers'].includes(objectRef.subresource ?? '') &&
      requestReceivedTimestamp > since &&
      (responseStatus?.code ?? 0) < 400,
  );
  expect(entered ?? []).toEqual([]);
});

it.concurrent(
  'the debug container ends when the target container whose processes it shares ends and starts again',
  async () => {
    await running('restarted', { target: { podName: 'restarted', containerName: 'app' } });
    await tellToEnd(stage, 'restarted');
    const over = await stage.untilPhase('restarted', 'Completed');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Kubelet', exitCode: 137, reason: 'Exited' }]);
    expect(over.status?.runs?.[0]?.message).toMatch(
      /^It was killed when container app, whose process namespace it shared, ended/,
    );
    await stage.untilPod('restarted', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    await expectEndedOnNode(over);
  },
);

it.concurrent(
  'the pod of a Job completes only when the kubelet has ended the shell in it, and an event warns',
  async () => {
    const found = await stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace), { labelSelector: 'app=job' });
    const podName = found.items[0]?.metadata.name ?? '';
    await stage.untilPod(podName, isReady);
    const shell = { stdin: true, tty: true, command: ['sh'] };
    await stage.createSession('job', { target: { podName }, supervisor: 'None', ...shell });
    await stage.untilPhase('job', 'Running');
    await tellToEnd(stage, podName);
    const done = await stage.untilPod(podName, ({ status }) => ownState(status)?.terminated !== undefined);
    expect(done.status?.phase).toBe('Running');
    const over = await stage.untilPhase('job', 'Completed');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Kubelet', exitCode: 137, reason: 'Exited' }]);
    const finished = await stage.untilPod(podName, ({ status }) => status?.phase === 'Succeeded');
    const own = Date.parse(ownState(finished.status)?.terminated?.finishedAt ?? '');
    // The kubelet's times are whole seconds.
    expect(Date.parse(over.status?.completedAt ?? '') - own).toBeGreaterThanOrEqual((JOB_GRACE_SECONDS - 1) * 1000);
    await expectEndedOnNode(over);
    const told = (await stage.events('DebugSession', 'job')).filter(({ reason }) => reason === 'DelaysCompletion');
    expect(told).toMatchObject([
      { type: 'Warning', note: expect.stringContaining(`Pod ${podName} of Job job can finish`) },
    ]);
  },
);

function ownState(status: RawPod['status']): ContainerState | undefined {
  return status?.containerStatuses?.[0]?.state;
}
