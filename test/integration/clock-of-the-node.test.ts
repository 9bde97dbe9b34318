import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ContainerState } from '../../src/api/pod.ts';
import { toTimestamp } from '../../src/api/time.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The clock of a real node cannot be moved without that of the machine, so the kubelet is played: the pod is on a node
// that nobody has, and its status is written here. The supervisor has no part in this: it counts the time since boot
// (/proc/uptime), which no clock moves.

const HOUR_MS = 3_600_000;
const TTL_MS = 600_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('clock');
});

afterAll(() => stage.close());

async function kubeletSays(
  podName: string,
  own: ContainerState,
  debug?: { name: string; state: ContainerState },
): Promise<void> {
  const status = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [aStatus('app', own)],
    ...(debug && { ephemeralContainerStatuses: [aStatus(debug.name, debug.state)] }),
  };
  await stage.client.patch(`${podsPath(stage.namespace)}/${podName}/status`, { status }, { type: 'merge' });
}

function aStatus(name: string, state: ContainerState): object {
  const containerID = `containerd://${name}`;
  return {
    name,
    state,
    containerID,
    image: 'image',
    imageID: 'image',
    ready: state.running !== undefined,
    restartCount: 0,
  };
}

it.concurrent.each([
  ['behind', -HOUR_MS],
  ['ahead', HOUR_MS],
])(
  "a session ends at its ttl by the operator's clock when the clock of the node is an hour %s",
  async (name, offMs) => {
    const node = { running: { startedAt: toTimestamp(Date.now() + offMs) } };
    await stage.createPod(name, appPod({ nodeName: 'nowhere' }));
    await kubeletSays(name, node);
    await stage.createSession(name, { target: { podName: name }, ttl: '10m', command: ['sleep', '600'] });
    const pod = await stage.untilPod(name, (seen) => ephemeralNames(seen).length === 1);
    const [container = ''] = ephemeralNames(pod);
    const startedAt = toTimestamp(Date.now() + offMs);
    await kubeletSays(name, node, { name: container, state: { running: { startedAt } } });
    const { status } = await stage.untilPhase(name, 'Running');
    const seenAt = Date.now();
    // What the kubelet says is recorded as it says it; what counts is between the injection and now.
    expect(status?.startedAt).toBe(startedAt);
    const injectedAt = Date.parse(status?.runs?.[0]?.injectedAt ?? '');
    const expiresAt = Date.parse(status?.expiresAt ?? '');
    expect(expiresAt).toBeGreaterThanOrEqual(injectedAt + TTL_MS);
    expect(expiresAt).toBeLessThanOrEqual(seenAt + TTL_MS + 1_000);

    const finishedAt = toTimestamp(Date.now() + offMs);
    // Its supervisor saw the command end, and says so.
    const terminated = { exitCode: 3, reason: 'Error', message: 'Exited\n', startedAt, finishedAt };
    await kubeletSays(name, node, { name: container, state: { terminated } });
    const over = await stage.untilPhase(name, 'Completed');
    expect(over.status?.runs).toMatchObject([
      { exitCode: 3, endedBy: 'Command', reason: 'Exited', startedAt, finishedAt },
    ]);
    await stage.deletePod(name, 0);
  },
);
