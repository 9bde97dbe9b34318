import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerStatus } from '../../src/api/pod.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { AuditLog } from '../support/cluster/audit-log.ts';
import { appPod, containerID } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// "Never restarted" holds for as long as the node remembers the container. Its record can go (crictl rm, a runtime
// whose store is wiped), and then the kubelet runs the container again:
// https://github.com/kubernetes/kubernetes/issues/124176. Since 1.34 the API server refuses to hear of it, for an
// ephemeral container that has terminated does not run: it is told when it has terminated once more, under another ID.

let stage: Stage;
let audit: AuditLog;

const onNode = process.env['CLUSTER'] === 'current' ? it.concurrent.skip : it.concurrent;

beforeAll(async () => {
  stage = await Stage.open('ran-again');
  if (stage.cluster.node !== undefined) audit = await AuditLog.from(stage.cluster.node.auditLog);
  await Promise.all(['late', 'short', 'cancelled'].map((name) => stage.runningPod(name, appPod())));
});

afterAll(() => stage.close());

/** The container of the session on the pod of the same name. */
async function container(name: string): Promise<ContainerStatus | undefined> {
  return (await stage.pod(name)).status?.ephemeralContainerStatuses?.[0];
}

/** Makes the node forget the container, and waits until the kubelet has run it again; the ID of the second. */
async function runAgain(name: string): Promise<string> {
  const { node } = stage.cluster;
  if (node === undefined) throw new Error('there is no way to the node');
  const { uid } = (await stage.pod(name)).metadata;
  const first = containerID(await container(name));
  const ofPod = `labels."io.kubernetes.pod.uid"==${uid},labels."io.kubernetes.container.name"==${(await container(name))?.name}`;
  await node.removeContainer(first);
  let second: string | undefined;
  for (let looks = 1; second === undefined; looks++) {
    // The kubelet looks by itself about once a minute, and at once where the pod has changed; but it may not have
    // noticed yet what it lost.
    const look = { metadata: { annotations: { 'example.com/look': String(looks) } } };
    await stage.client.patch(`${podsPath(stage.namespace)}/${name}`, look, { type: 'merge' });
    await delay(300);
    const { stdout } = await node.ctr(['containers', 'ls', '--quiet', ofPod]);
    second = stdout.split('\n').find((id) => id !== '');
  }
  expect(second).not.toBe(first);
  return second;
}

/** Waits until the kubelet could say that this one has ended, and holds that against containerd. */
async function untilEnded(name: string, id: string): Promise<ContainerStatus | undefined> {
  await stage.untilPod(name, ({ status }) => containerID(status?.ephemeralContainerStatuses?.[0]) === id);
  const status = await container(name);
  expect(status?.state?.terminated).toBeDefined();
  expect(await stage.cluster.node?.runningContainers()).not.toContain(id);
  return status;
}

onNode(
  'the supervisor ends a container that the kubelet runs again too late, and the record stays as it is',
  async () => {
    const name = 'late';
    await stage.createSession(name, { target: { podName: name }, startTimeout: '10s', command: ['sleep', '1'] });
    const over = await stage.untilPhase(name, 'Completed');
    // The supervisor's clock counts in whole seconds and may be more than one behind.
    await delay(Date.parse(over.status?.runs?.[0]?.startBy ?? '') + 3_000 - Date.now());
    const ended = await untilEnded(name, await runAgain(name));
    expect(ended?.state?.terminated).toMatchObject({ exitCode: 125, message: 'TooLate\n' });
    expect((await stage.session(name)).status).toEqual(over.status);
  },
);

onNode(
  'the status records that the kubelet ran the container again, and the run and its phase stay as they are',
  async () => {
    const name = 'short';
    await stage.createSession(name, { target: { podName: name }, command: ['sh', '-c', 'sleep 3; exit 7'] });
    const over = await stage.untilPhase(name, 'Completed');
    const second = await runAgain(name);
    await untilEnded(name, second);
    const known = await stage.untilSession(name, (s) => s.status?.runs?.[0]?.ranAgain?.finishedAt !== undefined);
    const [run] = over.status?.runs ?? [];
    expect(known.status?.runs).toEqual([
      { ...run, ranAgain: expect.objectContaining({ containerID: `containerd://${second}` }) },
    ]);
    expect(known.status).toMatchObject({ phase: 'Completed', exitCode: 7, completedAt: over.status?.completedAt });
    expect(known.status?.conditions).toContainEqual(expect.objectContaining({ type: 'StopConfirmed', status: 'True' }));
    const told = async () => (await stage.events('DebugSession', name)).filter((event) => event.reason === 'RanAgain');
    await stage.until('it is told', async () => (await told()).length > 0);
    expect(await told()).toMatchObject([{ type: 'Warning', related: { kind: 'Pod', name } }]);
  },
);

onNode(
  'the supervisor ends a cancelled container that the kubelet runs again, because no other program learns of it',
  async () => {
    const name = 'cancelled';
    await stage.createSession(name, { target: { podName: name }, command: ['sleep', '600'], ttl: '8s' });
    await stage.untilPhase(name, 'Running');
    await stage.changeSession(name, { cancel: true });
    const over = await stage.untilPhase(name, 'Cancelled');
    const second = await runAgain(name);
    await stage.until('the API server refuses to hear of it', async () =>
      (await audit.requests(stage.namespace)).some(
        ({ objectRef, responseStatus, user }) =>
          objectRef?.name === name &&
          objectRef.subresource === 'status' &&
          responseStatus?.code === 422 &&
          user.username.startsWith('system:node:'),
      ),
    );
    const ended = await untilEnded(name, second);
    expect(ended?.state?.terminated?.message).toBe('Deadline\n');
    const known = await stage.untilSession(name, (s) => s.status?.runs?.[0]?.ranAgain?.finishedAt !== undefined);
    expect(known.status).toMatchObject({ phase: 'Cancelled', runs: [{ endedBy: 'Exec', reason: 'Cancelled' }] });
    expect(known.status?.runs?.[0]?.finishedAt).toBe(over.status?.runs?.[0]?.finishedAt);
  },
);
