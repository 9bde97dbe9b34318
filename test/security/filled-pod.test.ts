import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { Stage } from '../support/cluster/stage.ts';

// A pod that is filled with debug containers, which Kubernetes never takes out: it gets no more of them long before
// etcd takes no change of it.

const KIB = 1024;
/** Below the limit of 640 KiB, and beyond it. */
const [NEARLY_FULL, TOO_FULL] = [600 * KIB, 660 * KIB];
/** As long as the pod stands, it is ready while this file is there. */
const READY = '/tmp/ready';
const target = { podName: 'filled' };
const fit = { image: 'docker.io/library/busybox:1.36', imagePullPolicy: 'IfNotPresent' };
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('filled-pod');
  await stage.createPod('filled', {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        ...fit,
        name: 'app',
        command: ['sh', '-c', `touch ${READY}; exec sleep 3600`],
        readinessProbe: { exec: { command: ['test', '-e', READY] }, periodSeconds: 1, failureThreshold: 1 },
      },
    ],
  });
  await untilReady('True');
});

afterAll(() => stage.close());

function untilReady(status: 'True' | 'False'): Promise<unknown> {
  return stage.untilPod(
    'filled',
    (pod) => pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === status,
  );
}

async function bytesOfPod(): Promise<number> {
  return Buffer.byteLength(JSON.stringify(await stage.client.get(`${podsPath(stage.namespace)}/filled`)));
}

/** Adds containers by hand until the pod has about so many bytes. */
async function fillTo(bytes: number): Promise<void> {
  const missing = bytes - (await bytesOfPod());
  const names = Array.from({ length: Math.ceil(missing / (200 * KIB)) }, (_, n) => `by-hand-${bytes}-${n}`);
  const value = 'x'.repeat(Math.floor(missing / names.length));
  for (const name of names) {
    const container = { ...fit, name, command: ['true'], env: [{ name: 'PAD', value }] };
    const path = `${podsPath(stage.namespace)}/filled/ephemeralcontainers`;
    await stage.client.patch(path, { spec: { ephemeralContainers: [container] } }, { type: 'strategic' });
  }
}

describe('a pod that is filled', () => {
  it('a pod takes a session below half of what etcd stores', async () => {
    await fillTo(NEARLY_FULL);
    await stage.createSession('before', { target, command: ['true'] });
    await stage.untilPhase('before', 'Completed');
  });

  it('a pod takes no session above half of what etcd stores, and the session says how large the pod is', async () => {
    await fillTo(TOO_FULL);
    await stage.createSession('after', { target, command: ['true'] });
    const { status } = await stage.untilPhase('after', 'Failed');
    expect(status?.runs?.[0]).toMatchObject({
      reason: 'PodTooLarge',
      message: expect.stringMatching(/^Pod filled takes 6\d\d KiB; .* At most 768 KiB are allowed/),
    });
    const { spec } = await stage.pod('filled');
    expect(spec?.ephemeralContainers?.filter(({ name }) => name.startsWith('debug-'))).toHaveLength(1);
  });

  it('a pod that is filled still changes and is deleted', async () => {
    expect(await stage.kubectl(['exec', 'filled', '-c', 'app', '--', 'rm', READY])).toMatchObject({ code: 0 });
    await untilReady('False');
    expect(await stage.kubectl(['exec', 'filled', '-c', 'app', '--', 'touch', READY])).toMatchObject({ code: 0 });
    await untilReady('True');
    await stage.deletePod('filled');
    await stage.untilGone(podsPath(stage.namespace), 'filled');
  });
});
