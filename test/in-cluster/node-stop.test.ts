import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { POLICY_KIND, type StopBy } from '../../src/api/debugpolicy.ts';
import { API_VERSION, type DebugSession, type DebugSessionSpec } from '../../src/api/debugsession.ts';
import { POLICIES_PATH } from '../../src/reconcile/debug-policies.ts';
import { bashImage, distrolessImage } from '../cluster/image-names.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { appPod, shellPod } from '../support/builders/pods.ts';
import { confirmation, containerState, loggedAt, nameOf } from '../support/cluster/ending.ts';
import { Installation } from '../support/cluster/installation.ts';
import { removeNodeStop, STOP_NAMESPACE, stopPods, withNodeStop } from '../support/cluster/node-stop.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { Stage } from '../support/cluster/stage.ts';
import {
  HAS_STOPPED,
  HOSTILE_SHAPES,
  hostileCommand,
  hostilePod,
  type HostileShape,
  hostileUser,
  SHELL_IMAGES,
} from '../support/shells/hostile-commands.ts';

// config/components/node-stop on a real kubelet with containerd: what nothing inside ends, the runtime of the node
// ends, and the application beside it does not notice.

let stage: Stage;
let installation: Installation;
let image: string;
const own = { podName: 'web' };
const joined = { podName: 'web', containerName: 'app' };
const unguarded = { supervisor: 'None', ttl: '30m' } as const;
/** The first process of its own namespace, which heeds no signal from inside. */
const IMMUNE = { ...unguarded, command: ['sleep', '3600'] };

beforeAll(async () => {
  stage = await Stage.open('node-stop', { operator: false });
  installation = new Installation();
  const node = stage.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  [image] = await Promise.all([ensureOperatorImage(node), stage.runningPod('web', appPod())]);
  await install(node.runtimeSocket);
});

afterAll(async () => {
  await installation.remove();
  await removeNodeStop(stage.cluster);
  await installation.close();
  await stage.close();
});

/** Both replicas run with the component, and look for the runtime there. */
async function install(socket: string | undefined): Promise<void> {
  const copy = withNodeStop(socket);
  try {
    await installation.apply(image, copy.path('config/default'));
  } finally {
    copy.remove();
  }
  await installation.untilLeader(() => true);
}

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
  const policyName = await policyWith('NodeFirst', 'entered');
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

/** A policy that allows everything, and says when a node is asked. */
async function policyWith(stopBy: StopBy, prefix = stopBy.toLowerCase()): Promise<string> {
  const name = `${prefix}-${stage.namespace}`;
  const policy = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name }, spec: { ...OPEN_POLICY, stopBy } };
  const applied = await stage.cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(policy) });
  expect(applied).toMatchObject({ code: 0 });
  return name;
}

describe('a policy', () => {
  const names: string[] = [];
  const use = async (stopBy: StopBy): Promise<string> => {
    names.push(await policyWith(stopBy));
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
        const refused = await stage.untilSession(name, (s) => confirmation(s)?.reason === 'NodeStopFailed', 60_000);
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
  await stage.untilSessionGone('deleted', 40_000);
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
  const leader = await installation.untilLeader(() => true);
  await installation.kubectl('delete', 'pod', leader, '--grace-period=0', '--force');
  await expectEndedByNode('taken-over', 'Cancelled', live);
  await stage.until('no stop pod is left', async () => !(await hasStopPod()), 40_000);
});

describe('hostile commands with the node first', () => {
  const sessionOf = ({ shell, namespace, attack }: HostileShape): string => nameOf(`${shell} ${namespace} ${attack}`);
  /** A first process that is one like any other is stopped as well: its supervisor keeps no deadline. */
  const canBeStopped = ({ namespace, attack }: HostileShape): boolean => attack === 'stops all' && namespace !== 'own';
  /** In seconds. All containers start at once, and a command has to begin before it can stop its supervisor. */
  const ttlOf = (shape: HostileShape): number => (canBeStopped(shape) ? 15 : 5);
  const pods = [...Map.groupBy(HOSTILE_SHAPES, hostilePod)];
  let policyName: string;

  beforeAll(async () => {
    policyName = await policyWith('NodeFirst', 'hostile');
    await Promise.all(
      pods.map(([pod, here]) =>
        stage.runningPod(pod, { ...appPod(), shareProcessNamespace: here[0]?.namespace === 'shared' }),
      ),
    );
    await Promise.all(
      HOSTILE_SHAPES.map((shape) =>
        stage.createSession(sessionOf(shape), {
          target: { podName: hostilePod(shape), ...(shape.namespace === 'joined' && { containerName: 'app' }) },
          ...{ image: SHELL_IMAGES[shape.shell], command: hostileCommand(shape), ttl: `${ttlOf(shape)}s`, policyName },
          ...{ profile: 'restricted', securityContext: { runAsUser: hostileUser(shape) } },
        }),
      ),
    );
  });

  afterAll(() => stage.cluster.kubectl(['delete', 'debugpolicy', policyName]));

  it.each(HOSTILE_SHAPES)(
    'the $shell container in the $namespace process namespace ends at its deadline when a command $attack',
    async (shape) => {
      const over = await stage.untilSession(sessionOf(shape), (s) => confirmation(s)?.status === 'True', 120_000);
      expect(confirmation(over)).toMatchObject({ reason: 'Terminated' });
      expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
      if (!canBeStopped(shape)) return;
      expect(over.status?.phase).toBe('Expired');
      const [run] = over.status?.runs ?? [];
      const deadline = Date.parse(run?.startedAt ?? '') + ttlOf(shape) * 1000;
      // On a busy machine the command may begin after the deadline: its supervisor has ended it in time.
      const began = await loggedAt(stage, hostilePod(shape), over.status?.debugContainerName ?? '', HAS_STOPPED);
      const wasStopped = began !== undefined && began < deadline;
      if (!wasStopped && run?.endedBy === 'Supervisor') return;
      // Where the node takes longer than the operator waits for it, exec is tried as well.
      expect(run?.stop?.routes[0]).toBe('Node');
      expect(run?.stop?.routes).toContain(run?.endedBy);
    },
  );

  it('applications beside hostile commands run on as before', async () => {
    for (const [name] of pods)
      expect((await stage.pod(name)).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
  });
});

it('the status says that the runtime has no socket where the operator looks, and what to give it', async () => {
  const socket = '/run/nobody-listens.sock';
  const live = await running('no-socket');
  await install(socket);
  await stage.changeSession('no-socket', { cancel: true });
  const refused = await stage.untilSession('no-socket', (s) => confirmation(s)?.reason === 'NodeStopFailed', 120_000);
  expect(confirmation(refused)?.message).toMatch(
    /has not started on node .*no socket \/run\/nobody-listens\.sock there: give --cri-socket/,
  );
  expect(await containerState(stage, refused)).toMatchObject({ running: {} });
  await install(stage.cluster.node?.runtimeSocket);
  await expectEndedByNode('no-socket', 'Cancelled', live);
});

it('the application beside all stopped containers runs on as before', async () => {
  expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ restartCount: 0, lastState: {} }]);
});
