import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { bashImage, distrolessImage } from '../cluster/image-names.ts';
import { appPod } from '../support/builders/pods.ts';
import { confirmation, containerState, nameOf } from '../support/cluster/ending.ts';
import { Installation } from '../support/cluster/installation.ts';
import { removeNodeStop, stopPods, withNodeStop } from '../support/cluster/node-stop.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { Stage } from '../support/cluster/stage.ts';

// config/components/node-stop on a real kubelet with containerd: what nothing inside ends, the runtime of the node ends, and
// the application beside it does not notice.

let stage: Stage;
let installation: Installation;
const own = { podName: 'web' };
const joined = { podName: 'web', containerName: 'app' };
const unguarded = { supervisor: 'None', ttl: '30m' } as const;

beforeAll(async () => {
  stage = await Stage.open('node-stop', { operator: false });
  installation = new Installation();
  const node = stage.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  const [image] = await Promise.all([ensureOperatorImage(node), stage.runningPod('web', appPod())]);
  const copy = withNodeStop(node.runtimeSocket);
  try {
    await installation.apply(image, copy.path('config/default'));
  } finally {
    copy.remove();
  }
  await installation.untilLeader(() => true);
}, 120_000);

afterAll(async () => {
  await installation.remove();
  await removeNodeStop(stage.cluster);
  await installation.close();
  await stage.close();
}, 120_000);

async function running(name: string, spec: Partial<DebugSessionSpec>): Promise<DebugSession> {
  await stage.createSession(name, { target: own, ...spec });
  return stage.untilPhase(name, 'Running');
}

/** What can be seen of the application from outside. */
async function application(): Promise<unknown> {
  const { status } = await stage.pod('web');
  return status?.containerStatuses?.map(({ name, restartCount, state, lastState }) => ({
    ...{ name, restartCount, state, lastState },
  }));
}

async function expectEndedByNode(name: string, phase: string, live: DebugSession): Promise<void> {
  const over = await stage.untilSession(name, (s) => s.status?.phase === phase, 40_000);
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Node', containerID: live.status?.runs?.[0]?.containerID }]);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
}

/** For the shell-less application: its port is taken in this pod. */
const LISTEN = [{ name: 'LISTEN', value: ':0' }];

/** Goes on for ever. What it stops cannot be asked to end, and runs nothing that is sent into it. */
const STOPS_ALL = ['sh', '-c', 'trap "" HUP INT TERM; while :; do kill -STOP -1; sleep .2; done'];

describe('cancel ends', () => {
  it.each<[string, Partial<DebugSessionSpec>]>([
    ['a first process that heeds no signal', { ...unguarded, command: ['sleep', '3600'] }],
    ['an image without a shell', { ...unguarded, image: distrolessImage, env: LISTEN, stdin: false, tty: false }],
    ['a command that has gone to other mounts', { ...unguarded, command: ['sh', '-c', 'exec sleep 3600'] }],
    [
      'one whose supervisor somebody inside has stopped',
      { target: joined, profile: 'restricted', securityContext: { runAsUser: 1234 }, command: STOPS_ALL },
    ],
    [
      'one that kills each exec of the operator',
      {
        image: bashImage,
        profile: 'restricted',
        securityContext: { runAsUser: 1235 },
        command: ['sh', '-c', 'trap "" HUP INT TERM USR1 USR2; while :; do kill -STOP -1; done'],
      },
    ],
  ])(
    '%s',
    async (words, spec) => {
      const before = await application();
      const name = nameOf(words);
      const live = await running(name, spec);
      await stage.changeSession(name, { cancel: true });
      await expectEndedByNode(name, 'Cancelled', live);
      expect(await application()).toEqual(before);
      await stage.until('its stop pod is gone', async () => (await stopPods(stage.client)).length === 0);
    },
    60_000,
  );
});
