import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ClusterNode } from '../cluster/cluster.ts';
import { confirmation } from '../support/cluster/ending.ts';
import { appPod, containerID } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The node loses the container of a live run, and runs it again while nobody watches: the operator sees it running, and
// then another running under its name.

let stage: Stage;
let node: ClusterNode;

beforeAll(async () => {
  stage = await Stage.open('live-again');
  if (stage.cluster.node === undefined) throw new Error('there is no way to the node');
  node = stage.cluster.node;
  await stage.runningPod('web', appPod());
});

afterAll(async () => {
  await node.startKubelet();
  await stage.close();
});

/** Removes the container behind the kubelet's back. @returns the ID of the one that the kubelet runs in its place */
async function replaceContainer(first: string): Promise<string> {
  await node.stopKubelet(0);
  await node.removeContainer(first);
  await node.startKubelet();
  const pod = await stage.untilPod('web', ({ status }) => {
    const [found] = status?.ephemeralContainerStatuses ?? [];
    return found?.state?.running !== undefined && containerID(found) !== first;
  });
  return containerID(pod.status?.ephemeralContainerStatuses?.[0]);
}

it('the session goes on in a container that the node ran again, and a cancel ends this container', async () => {
  await stage.createSession('again', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '10m' });
  const { status } = await stage.untilPhase('again', 'Running');
  const [run] = status?.runs ?? [];
  await stage.operators.at(-1)?.kill();
  const second = await replaceContainer(containerID(run));
  await stage.startOperator();

  const known = await stage.untilSession('again', (one) => one.status?.runs?.[0]?.ranAgain !== undefined);
  const ranAgain = expect.objectContaining({ containerID: `containerd://${second}` });
  expect(known.status).toMatchObject({ phase: 'Running', runs: [{ ...run, ranAgain }] });
  await stage.until('it is told', async () =>
    (await stage.events('DebugSession', 'again')).some(({ reason }) => reason === 'RanAgain'),
  );

  await stage.changeSession('again', { cancel: true });
  const over = await stage.untilPhase('again', 'Cancelled');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Exec', ranAgain: { finishedAt: expect.any(String) } }]);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  expect(await node.runningContainers()).not.toContain(second);
});
