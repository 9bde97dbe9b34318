import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { distrolessImage, nolinksImage, nosleepImage } from '../cluster/image-names.ts';
import { confirmation, containerState, nameOf } from '../support/cluster/ending.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// Which images and process namespaces exec ends, and what it leaves alone: docs/ending.md has it as a table.

const UNGUARDED = { supervisor: 'None' } as const;
const pods = { web: {}, shared: { shareProcessNamespace: true }, host: { hostPID: true } };
// Signals reach process 1 of a namespace from inside where it has a handler.
const heeds = 'trap "exit 0" HUP TERM; while :; do sleep 1; done';
const sleeps = ['sleep', '600'];

const ENDS: [string, Partial<DebugSessionSpec>][] = [
  ['sh', { ...UNGUARDED, command: ['sh', '-c', heeds] }],
  [
    'dash, without sleep',
    {
      ...UNGUARDED,
      image: nosleepImage,
      stdin: true,
      command: ['sh', '-c', 'trap "exit 0" HUP; while :; do read -r x; done'],
    },
  ],
  [
    'busybox alone, without a link',
    { ...UNGUARDED, image: nolinksImage, command: ['/bin/busybox', 'sh', '-c', heeds] },
  ],
  ['a user that is not root', { ...UNGUARDED, command: ['sh', '-c', heeds], securityContext: { runAsUser: 1000 } }],
  ['the namespace of a target', { ...UNGUARDED, target: { podName: 'web', containerName: 'app' }, command: sleeps }],
  ['the namespace of the pod', { ...UNGUARDED, target: { podName: 'shared' }, command: sleeps }],
  ['the namespace of the node', { ...UNGUARDED, target: { podName: 'host' }, command: sleeps }],
  ['a supervisor in the namespace of the node', { target: { podName: 'host' }, command: sleeps }],
  ['a supervisor whose user is not root', { command: sleeps, securityContext: { runAsUser: 1000 } }],
];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('exec-images');
  await Promise.all(Object.entries(pods).map(([name, more]) => stage.runningPod(name, appPod(more))));
  await Promise.all(ENDS.map(([words, spec]) => create(nameOf(words), spec)));
});

afterAll(() => stage.close());

function create(name: string, spec: Partial<DebugSessionSpec>): Promise<DebugSession> {
  return stage.createSession(name, { target: { podName: 'web' }, ttl: '10m', ...spec });
}

it.each(ENDS)('the operator ends by exec a container with %s, and the application runs on', async (words) => {
  const name = nameOf(words);
  const live = await stage.untilPhase(name, 'Running');
  await stage.changeSession(name, { cancel: true });
  const over = await stage.untilPhase(name, 'Cancelled');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Exec', stop: { routes: ['Exec'] } }]);
  expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
  const pod = await stage.pod(live.status?.podName ?? '');
  expect(pod.status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});

it('the operator cannot end by exec a container whose image has no shell, and the status says so', async () => {
  const env = [{ name: 'LISTEN', value: ':0' }];
  await create('shell-less', { ...UNGUARDED, image: distrolessImage, stdin: false, env, ttl: '2s' });
  const stays = await stage.untilSession('shell-less', (s) => confirmation(s)?.reason === 'NoRoute');
  expect(stays.status?.phase).toBe('Ending');
  expect(stays.status?.runs).toMatchObject([{ stop: { cause: 'Deadline', routes: ['Exec'] } }]);
  expect(confirmation(stays)?.message).toContain('its image has no shell');
  expect(await containerState(stage, stays)).toMatchObject({ running: {} });
});
