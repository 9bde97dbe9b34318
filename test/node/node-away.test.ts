import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec, EndedBy } from '../../src/api/debugsession.ts';
import type { ClusterNode } from '../cluster/cluster.ts';
import { confirmation } from '../support/cluster/ending.ts';
import { appPod, containerID } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The node's own programs are ended under running sessions. No other test could bear that, so nothing else runs
// meanwhile.

let stage: Stage;
let node: ClusterNode;

beforeAll(async () => {
  stage = await Stage.open('node-away');
  if (stage.cluster.node === undefined) throw new Error('there is no way to the node');
  node = stage.cluster.node;
  await stage.runningPod('web', appPod());
});

afterAll(async () => {
  await node.startKubelet();
  await stage.close();
});

async function running(name: string, spec: Partial<DebugSessionSpec> = {}): Promise<DebugSession> {
  await stage.createSession(name, { target: { podName: 'web' }, command: ['sleep', '600'], ...spec });
  return stage.untilPhase(name, 'Running');
}

/** By containerd's word. */
async function runsOnNode({ status }: DebugSession): Promise<boolean> {
  return (await node.runningContainers()).has(containerID(status?.runs?.[0]));
}

/** Waits for that without believing the kubelet, which may be away. */
async function untilEndedOnNode(session: DebugSession): Promise<void> {
  await stage.until('it has ended on the node', async () => !(await runsOnNode(session)));
}

const isOver = ({ status }: DebugSession): boolean => status?.completedAt !== undefined;

async function expectConfirmed(name: string, endedBy: EndedBy): Promise<void> {
  const over = await stage.untilSession(name, isOver);
  expect(over.status?.runs).toMatchObject([{ state: 'Ended', endedBy }]);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  expect(await runsOnNode(over)).toBe(false);
}

it.each([
  ['kubelet', async () => (await node.stopKubelet(0), node.startKubelet())],
  ['containerd', () => node.restartContainerd()],
] as const)('a container runs on and ends as usual after %s is killed and started again', async (name, restart) => {
  const [asked, timed] = [`${name}-asked`, `${name}-timed`];
  const [before] = await Promise.all([running(asked), running(timed, { ttl: '10s' })]);
  await restart();
  const after = await stage.session(asked);
  expect(after.status).toEqual(before.status);
  expect(await runsOnNode(after)).toBe(true);
  await stage.changeSession(asked, { cancel: true });
  await Promise.all([expectConfirmed(asked, 'Exec'), expectConfirmed(timed, 'Supervisor')]);
});

describe('an unreachable node', () => {
  const TRAPPING = ['sh', '-c', 'trap exit TERM; while :; do sleep .1; done'];
  let timed: DebugSession;
  let asked: DebugSession;
  let unguarded: DebugSession;

  beforeAll(async () => {
    [timed, asked, unguarded] = await Promise.all([
      running('timed', { ttl: '6s' }),
      running('asked'),
      running('unguarded', { supervisor: 'None', command: TRAPPING, ttl: '6s' }),
    ]);
    await node.stopKubelet();
    await stage.changeSession('asked', { cancel: true });
  });

  const untilUnreachable = (name: string): Promise<DebugSession> =>
    stage.untilSession(name, (session) => confirmation(session)?.reason === 'NodeUnreachable');

  it('the supervisor keeps the deadline on an unreachable node, and the session is not over before the end is known', async () => {
    await untilEndedOnNode(timed);
    expect(Date.now()).toBeGreaterThan(Date.parse(timed.status?.expiresAt ?? '') - 1_000);
    expect(['Running', 'Ending']).toContain((await stage.session('timed')).status?.phase);
    const session = await untilUnreachable('timed');
    expect([session.status?.phase, confirmation(session)?.status]).toEqual(['Ending', 'False']);
  });

  it.each(['asked', 'unguarded'])(
    'the status of session %s says that its container runs on while the node is unreachable',
    async (name) => {
      const session = await untilUnreachable(name);
      expect([session.status?.phase, confirmation(session)?.status]).toEqual(['Ending', 'False']);
      expect(confirmation(session)?.message).toMatch(
        /has to end, and its node does not say whether it has ended \(exec: error dialing backend: .*\); look at the node$/,
      );
      expect(await runsOnNode(name === 'asked' ? asked : unguarded)).toBe(true);
    },
  );

  it('the operator confirms or completes each end when the node is back', async () => {
    await node.startKubelet();
    await Promise.all([
      expectConfirmed('timed', 'Supervisor'),
      expectConfirmed('asked', 'Exec'),
      expectConfirmed('unguarded', 'Exec'),
    ]);
    expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
    for (const name of ['timed', 'asked', 'unguarded']) {
      const told = (await stage.events('DebugSession', name)).filter(({ reason }) => reason === 'StopUnconfirmed');
      expect(told).toHaveLength(1);
    }
  });
});
