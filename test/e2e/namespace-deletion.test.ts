import { expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// A namespace goes with everything in it, and live sessions do not hold it up: the operator sees to that with no rights
// but its own. Since Kubernetes 1.33 (KEP-5080) the pods go first: most sessions see their container end before they
// are deleted themselves.

const PODS = 5;
const SESSIONS = 50;

it(`a namespace with ${SESSIONS} live sessions is gone within 10 s of its last pod`, async () => {
  const stage = await Stage.open('goes');
  const pods = Array.from({ length: PODS }, (_, index) => `web-${index}`);
  const names = Array.from({ length: SESSIONS }, (_, index) => `session-${index}`);
  await Promise.all(pods.map((name) => stage.runningPod(name, appPod())));
  await Promise.all(
    names.map((name, index) =>
      stage.createSession(name, {
        target: { podName: pods[index % PODS] ?? '' },
        // A part of each kind: supervised, without a supervisor, and such that no signal from inside reaches.
        ...(index % 3 === 0 ? { command: ['sleep', '600'] } : {}),
        ...(index % 3 === 1 ? { supervisor: 'None', command: ['sleep', '600'] } : {}),
        ttl: '10m',
      }),
    ),
  );
  const live = async (): Promise<DebugSession[]> =>
    (await stage.client.list<{ items: DebugSession[] }>(sessionsPath(stage.namespace))).items;
  await stage.until('all of them run', async () => (await live()).every(({ status }) => status?.phase === 'Running'));
  await stage.client.delete(`/api/v1/namespaces/${stage.namespace}`);
  let lastPod = Date.now();
  const isGone = async (): Promise<boolean> => {
    const { items } = await stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace));
    if (items.length > 0) lastPod = Date.now();
    const fieldSelector = `metadata.name=${stage.namespace}`;
    const found = await stage.client.list<{ items: unknown[] }>('/api/v1/namespaces', { fieldSelector });
    return found.items.length === 0;
  };
  try {
    await stage.until('the namespace is gone', isGone);
    expect(Date.now() - lastPod).toBeLessThan(patient(10_000));
  } finally {
    for (const operator of stage.operators) await operator.stop();
    await stage.client.close();
  }
});
