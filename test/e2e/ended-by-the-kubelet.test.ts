import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appPod, shellPod } from '../support/builders/pods.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { Stage } from '../support/cluster/stage.ts';

// What the kubelet does to a container without a deletion of its pod, and how the record tells it.

let stage: Stage;

function limitedPod(limits: object): object {
  const { containers } = shellPod('sleep 600') as { containers: object[] };
  return shellPod('sleep 600', { containers: [{ ...containers[0], resources: { limits, requests: {} } }] });
}

beforeAll(async () => {
  stage = await Stage.open('by-kubelet');
  await stage.runningPod('deadline', appPod());
  await stage.runningPod('disk', limitedPod({ 'ephemeral-storage': '20Mi' }));
  await stage.runningPod('memory', limitedPod({ memory: '64Mi', cpu: '500m' }));
});

afterAll(() => stage.close());

it.each([
  ['deadline', 'sleep 600', 'DeadlineExceeded'],
  ['disk', 'dd if=/dev/zero of=/heap bs=1M count=60; sleep 600', 'Evicted'],
])('the run quotes the pod when the kubelet fails the pod by its %s', async (name, script, reason) => {
  const command = ['sh', '-c', script];
  await stage.createSession(name, { target: { podName: name }, image: busyboxImage, ttl: '10m', command });
  if (name === 'deadline') {
    // Only now, so that the session runs before, however slow the machine is.
    await stage.untilPhase(name, 'Running');
    const patch = '--patch={"spec":{"activeDeadlineSeconds":1}}';
    expect(await stage.kubectl(['patch', 'pod', 'deadline', patch])).toMatchObject({ code: 0 });
  }
  const over = await stage.untilSession(name, ({ status }) => status?.runs?.[0]?.finishedAt !== undefined);
  const [run] = over.status?.runs ?? [];
  expect(run).toMatchObject({ state: 'Ended', endedBy: 'Kubelet' });
  expect(run?.message).toMatch(new RegExp(`the pod says: ${reason}: `));
  expect(run?.message).not.toMatch(/by itself/);
});

it('the run records that a child was killed for lack of memory when its command has outlived the child', async () => {
  const command = ['sh', '-c', 'tail -c 150000000 /dev/zero | wc -c; sleep 1'];
  await stage.createSession('memory', { target: { podName: 'memory' }, image: busyboxImage, ttl: '10m', command });
  const over = await stage.untilSession('memory', ({ status }) => status?.runs?.[0]?.finishedAt !== undefined);
  expect(over.status?.runs).toMatchObject([
    {
      endedBy: 'Command',
      exitCode: 0,
      message: 'The command ended by itself, exit code 0; a process of it had been killed for lack of memory',
    },
  ]);
});
