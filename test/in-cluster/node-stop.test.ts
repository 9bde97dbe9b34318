import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StopBy } from '../../src/api/debugpolicy.ts';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { POLICIES_PATH } from '../../src/reconcile/debug-policies.ts';
import { bashImage, distrolessImage } from '../cluster/image-names.ts';
import { appPod, shellPod } from '../support/builders/pods.ts';
import { confirmation, containerState, nameOf } from '../support/cluster/ending.ts';
import { STOP_NAMESPACE, stopPods } from '../support/cluster/node-stop.ts';
import { NodeStopInstallation } from '../support/cluster/node-stop-installation.ts';
import type { Stage } from '../support/cluster/stage.ts';

// config/components/node-stop on a real kubelet with containerd: what nothing inside ends, the runtime of the node
// ends, and the application beside it does not notice.

let installation: NodeStopInstallation;
let stage: Stage;
const own = { podName: 'web' };
const joined = { podName: 'web', containerName: 'app' };
const unguarded = { supervisor: 'None', ttl: '30m' } as const;
/** The first process of its own namespace, which heeds no signal from inside. */
const IMMUNE = { ...unguarded, command: ['sleep', '3600'] };

beforeAll(async () => {
  installation = await NodeStopInstallation.open('node-stop');
  stage = installation.stage;
  await stage.runningPod('web', appPod());
});

afterAll(() => installation.close());

async function running(name: string, spec: Partial<DebugSessionSpec> = IMMUNE): Promise<DebugSession> {
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

function expectEndedByNode(name: string, phase: string, live: DebugSession): Promise<void> {
  return expectEnded(name, phase, live, /^Node$/);
}

async function expectEnded(name: string, phase: string, live: DebugSession, endedBy: RegExp): Promise<void> {
  const over = await stage.untilSession(name, (s) => s.status?.phase === phase);
  expect(over.status?.runs).toMatchObject([
    { endedBy: expect.stringMatching(endedBy), containerID: live.status?.runs?.[0]?.containerID },
  ]);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
}

/** For the shell-less application: its port is taken in this pod. */
const LISTEN = [{ name: 'LISTEN', value: ':0' }];

/** Goes on for ever. What it stops cannot be asked to end, and runs nothing that is sent into it. */
const STOPS_ALL = ['sh', '-c', 'trap "" HUP INT TERM; while :; do kill -STOP -1; sleep .2; done'];

describe('cancelled sessions', () => {
  it.each<[string, Partial<DebugSessionSpec>]>([
    ['a first process that heeds no signal', IMMUNE],
    ['an image without a shell', { ...unguarded, image: distrolessImage, env: LISTEN, stdin: false, tty: false }],
    ['a shell that heeds no signal', { ...unguarded, command: ['sh', '-c', 'trap "" HUP INT TERM; sleep 3600'] }],
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
  ])('the node ends a container whose session is cancelled: %s', async (words, spec) => {
    const before = await application();
    const name = nameOf(words);
    const live = await running(name, spec);
    await stage.changeSession(name, { cancel: true });
    await expectEndedByNode(name, 'Cancelled', live);
    expect(await application()).toEqual(before);
    await stage.until('its stop pod is gone', async () => (await stopPods(stage.client)).length === 0);
  });
});

it('a command that has entered the mounts of the application ends, and the application stays', async () => {
  await stage.runningPod('shell', shellPod('trap "exit 1" HUP INT TERM; while :; do sleep 1; done'));
  const target = { podName: 'shell', containerName: 'app' };
  const command = ['nsenter', '-t', '1', '-m', '--', 'sh', '-c', 'trap "" HUP INT TERM; while :; do sleep 1; done'];
  const policyName = await installation.policyWith('NodeFirst', 'entered');
  try {
    const live = await running('entered', { ...unguarded, target, command, profile: 'sysadmin', policyName });
    await stage.changeSession('entered', { cancel: true });
    await expectEndedByNode('entered', 'Cancelled', live);
  } finally {
    await stage.cluster.kubectl(['delete', 'debugpolicy', policyName]);
  }
  const { status } = await stage.pod('shell');
  expect(status?.containerStatuses).toMatchObject([{ restartCount: 0, state: { running: {} } }]);
});

describe('a policy', () => {
  const names: string[] = [];
  const use = async (stopBy: StopBy): Promise<string> => {
    names.push(await installation.policyWith(stopBy));
    return names.at(-1) ?? '';
  };
  afterAll(() => stage.cluster.kubectl(['delete', 'debugpolicy', ...names, '--ignore-not-found']));

  it('the operator sends nothing into a container whose policy says NodeFirst', async () => {
    const live = await running('first', { command: ['sleep', '3600'], ttl: '30m', policyName: await use('NodeFirst') });
    await stage.changeSession('first', { cancel: true });
    await expectEndedByNode('first', 'Cancelled', live);
    expect((await stage.session('first')).status?.runs).toMatchObject([{ stop: { routes: ['Node'] } }]);
  });

  it('the node keeps the deadline of a container whose policy says NodeFirst and whose supervisor was stopped', async () => {
    const live = await running('first-deadline', {
      ...{ target: joined, profile: 'restricted', securityContext: { runAsUser: 1236 }, command: STOPS_ALL },
      ...{ ttl: '5s', policyName: await use('NodeFirst') },
    });
    await expectEndedByNode('first-deadline', 'Expired', live);
    expect((await stage.session('first-deadline')).status?.runs).toMatchObject([
      { stop: { cause: 'Deadline', routes: ['Node'] } },
    ]);
  });

  it('the node does not end a container whose policy says InsideOnly, and the status says that the container runs on', async () => {
    await running('never', { ...IMMUNE, policyName: await use('InsideOnly') });
    await stage.changeSession('never', { cancel: true });
    const stays = await stage.untilSession('never', (s) => confirmation(s)?.reason === 'ProcessSurvived');
    expect(stays.status?.runs).toMatchObject([{ stop: { routes: ['Exec'] } }]);
    expect(await containerState(stage, stays)).toMatchObject({ running: {} });
    // What was forbidden may be allowed meanwhile.
    await use('InsideOnly').then((name) =>
      stage.client.patch(`${POLICIES_PATH}/${name}`, { spec: { stopBy: 'InsideFirst' } }, { type: 'merge' }),
    );
    await expectEndedByNode('never', 'Cancelled', stays);
  });
});

it('the node ends a container without a supervisor and a shell at its deadline', async () => {
  const live = await running('deadline', {
    ...unguarded,
    ttl: '2s',
    image: distrolessImage,
    env: LISTEN,
    stdin: false,
    tty: false,
  });
  await expectEndedByNode('deadline', 'Expired', live);
});

describe('a refused stop pod', () => {
  const namespacePath = `/api/v1/namespaces/${STOP_NAMESPACE}`;
  const quotas = `${namespacePath}/resourcequotas`;
  const quota = { metadata: { name: 'none' }, spec: { hard: { pods: '0' } } };
  const level = (value: string): object => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': value } } });

  it.each<[string, { refuse: () => Promise<unknown>; allow: () => Promise<unknown>; words: RegExp }]>([
    [
      'a quota',
      {
        refuse: () => stage.client.create(quotas, quota),
        allow: () => stage.client.delete(`${quotas}/none`),
        words: /stop pod: .*exceeded quota/,
      },
    ],
    [
      'a Pod Security level',
      {
        refuse: () => stage.client.patch(namespacePath, level('baseline'), { type: 'merge' }),
        allow: () => stage.client.patch(namespacePath, level('privileged'), { type: 'merge' }),
        words: /stop pod: .*violates PodSecurity "baseline/,
      },
    ],
  ])(
    'the status tells of %s that refuses a stop pod, and the node ends the container afterwards',
    async (words, { refuse, allow, words: message }) => {
      const name = nameOf(`refused by ${words}`);
      const live = await running(name);
      await refuse();
      try {
        await stage.changeSession(name, { cancel: true });
        const refused = await stage.untilSession(name, (s) => confirmation(s)?.reason === 'NodeStopFailed');
        expect(confirmation(refused)?.message).toMatch(message);
        expect(await containerState(stage, refused)).toMatchObject({ running: {} });
      } finally {
        await allow();
      }
      await expectEndedByNode(name, 'Cancelled', live);
    },
  );
});

it('a deleted session goes when the node has ended its container', async () => {
  const live = await running('deleted');
  await stage.deleteSession('deleted');
  await stage.untilSessionGone('deleted');
  expect(await containerState(stage, live)).toMatchObject({ terminated: {} });
});

it('the node ends one container of a pod, and no other session in the pod', async () => {
  const [one, other] = await Promise.all([running('one'), running('other')]);
  await stage.changeSession('one', { cancel: true });
  await expectEndedByNode('one', 'Cancelled', one);
  expect(await containerState(stage, other)).toMatchObject({ running: {} });
  await stage.changeSession('other', { cancel: true });
  await expectEndedByNode('other', 'Cancelled', other);
});

it('the next leader goes on with a stop by the node, and leaves no stop pod behind', async () => {
  const live = await running('taken-over');
  await stage.changeSession('taken-over', { cancel: true });
  const hasStopPod = async (): Promise<boolean> => (await stopPods(stage.client)).length > 0;
  await stage.until('a stop pod is there', hasStopPod);
  const leader = await installation.operator.untilLeader(() => true);
  await installation.operator.kubectl('delete', 'pod', leader, '--grace-period=0', '--force');
  // The next leader begins with an exec. On a busy machine the node may end the container while that is under way.
  await expectEnded('taken-over', 'Cancelled', live, /^(Node|Exec)$/);
  await stage.until('no stop pod is left', async () => !(await hasStopPod()));
});

it('the status says that the runtime has no socket where the operator looks, and what to give it', async () => {
  const socket = '/run/nobody-listens.sock';
  const live = await running('no-socket');
  await installation.lookAt(socket);
  await stage.changeSession('no-socket', { cancel: true });
  const refused = await stage.untilSession('no-socket', (s) => confirmation(s)?.reason === 'NodeStopFailed');
  expect(confirmation(refused)?.message).toMatch(
    /has not started on node .*no socket \/run\/nobody-listens\.sock there: give --cri-socket/,
  );
  expect(await containerState(stage, refused)).toMatchObject({ running: {} });
  await installation.lookAt(stage.cluster.node?.runtimeSocket);
  await expectEndedByNode('no-socket', 'Cancelled', live);
});

it('the application beside all stopped containers runs on as before', async () => {
  expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ restartCount: 0, lastState: {} }]);
});
