import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { distrolessImage } from '../cluster/image-names.ts';
import { confirmation, containerState, nameOf, toldOf } from '../support/cluster/ending.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { patient } from '../support/patience.ts';

// A session ends when somebody says so, and its status says so only when the kubelet does.

let stage: Stage;
const target = { podName: 'web' };

beforeAll(async () => {
  stage = await Stage.open('stop');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

async function running(name: string, spec: Partial<DebugSessionSpec> = {}): Promise<DebugSession> {
  await stage.createSession(name, { target, ttl: '10m', ...spec });
  return stage.untilPhase(name, 'Running');
}

it.each<[string, Partial<DebugSessionSpec>, string]>([
  ['a command under its supervisor', { command: ['sleep', '600'] }, 'Exec'],
  ['a shell with a terminal', {}, 'Exec'],
  ['a shell in the namespace of its target', { target: { podName: 'web', containerName: 'app' } }, 'Exec'],
  [
    'a shell without a supervisor, in the namespace of its target',
    { target: { podName: 'web', containerName: 'app' }, supervisor: 'None', stdin: true, tty: true, command: ['sh'] },
    'Exec',
  ],
])('the operator ends %s when the session is cancelled', async (words, spec, endedBy) => {
  const name = nameOf(words);
  await running(name, spec);
  await stage.changeSession(name, { cancel: true });
  const over = await stage.untilPhase(name, 'Cancelled');
  expect(over.status?.runs).toMatchObject([
    { endedBy, reason: 'Cancelled', stop: { cause: 'Cancelled', routes: ['Exec'] } },
  ]);
  expect(confirmation(over)).toMatchObject({ status: 'True' });
  expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
  expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
});

it('the operator types Ctrl-C when the image has no shell for exec', async () => {
  const interactive = { supervisor: 'None', stdin: true, tty: true } as const;
  const joined = { podName: 'web', containerName: 'app' };
  await running('shell-less', {
    ...interactive,
    target: joined,
    image: distrolessImage,
    env: [{ name: 'LISTEN', value: ':0' }],
  });
  await stage.changeSession('shell-less', { cancel: true });
  const over = await stage.untilPhase('shell-less', 'Cancelled');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Attach', stop: { routes: ['Exec', 'Attach'] } }]);
  expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
});

it('the operator keeps the deadline of a container without a supervisor', async () => {
  await running('no-supervisor', {
    supervisor: 'None',
    command: ['sh', '-c', 'trap exit TERM; sleep 600 & wait'],
    ttl: '3s',
  });
  const over = await stage.untilPhase('no-supervisor', 'Expired');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Exec', reason: 'Expired' }]);
  const late = Date.parse(over.status?.completedAt ?? '') - Date.parse(over.status?.expiresAt ?? '');
  expect(late).toBeLessThan(patient(15_000));
});

it('a deleted session goes when its container has ended', async () => {
  await running('deleted', { command: ['sleep', '600'] });
  const last = await stage.lastOfDeleted('deleted');
  expect(last.status).toMatchObject({ phase: 'Cancelled', runs: [{ endedBy: 'Exec', stop: { cause: 'Deleted' } }] });
});

it('the status reports a container that ignores every signal for as long as the container lives', async () => {
  const session = await running('immune', { supervisor: 'None', command: ['sh', '-c', UNTIL_TOLD] });
  await stage.changeSession('immune', { cancel: true });
  const stays = await stage.untilSession('immune', (s) => confirmation(s)?.reason === 'ProcessSurvived');
  expect(stays.status?.phase).toBe('Ending');
  expect(await containerState(stage, session)).toMatchObject({ running: {} });
  await tellToEnd(stage, 'web', session.status?.debugContainerName);
  const over = await stage.untilPhase('immune', 'Completed');
  expect(confirmation(over)).toMatchObject({ status: 'True' });
  const story = await toldOf(stage, 'immune');
  expect(story.filter((reason) => reason === 'StopUnconfirmed')).toHaveLength(1);
});

it('a container whose ttl is raised lives past its old deadline and ends at the new deadline', async () => {
  const { status } = await running('raised', { command: ['sleep', '600'], ttl: '15s' });
  await stage.changeSession('raised', { ttl: '22s' });
  const changed = await stage.untilSession('raised', (s) => s.status?.runs?.[0]?.effective?.ttl === '22s');
  expect(Date.parse(changed.status?.expiresAt ?? '') - Date.parse(status?.expiresAt ?? '')).toBe(7_000);
  const over = await stage.untilPhase('raised', 'Expired');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Supervisor' }]);
  expect(Date.parse(over.status?.completedAt ?? '')).toBeGreaterThanOrEqual(
    Date.parse(changed.status?.expiresAt ?? '') - 1_000,
  );
});

it('a container whose ttl is lowered ends at the new deadline', async () => {
  await running('lowered', { command: ['sleep', '600'], ttl: '10m' });
  await stage.changeSession('lowered', { ttl: '15s' });
  const over = await stage.untilPhase('lowered', 'Expired');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Supervisor', effective: { ttl: '15s' } }]);
  const story = await toldOf(stage, 'lowered');
  expect(story).toContain('TtlChanged');
});

it('the API server refuses a ttl above 8760h, and the running container keeps its deadline', async () => {
  const { status } = await running('beyond', { command: ['sleep', '600'], ttl: '10m' });
  await expect(stage.changeSession('beyond', { ttl: '8761h' })).rejects.toThrow(/must be at most 8760h/);
  await stage.changeSession('beyond', { cancel: true });
  const over = await stage.untilPhase('beyond', 'Cancelled');
  expect(over.status?.expiresAt).toBe(status?.expiresAt);
});

it('the status says whether a ttl that is raised in the last second counts', async () => {
  const session = await running('last-second', { command: ['sleep', '600'], ttl: '5s' });
  const deadline = Date.parse(session.status?.expiresAt ?? '');
  await delay(Math.max(0, deadline - 700 - Date.now()));
  await stage.changeSession('last-second', { ttl: '1h' });
  const told = await stage.untilSession(
    'last-second',
    ({ status }) => status?.phase === 'Expired' || status?.runs?.[0]?.effective?.ttl === '1h',
  );
  if (told.status?.phase === 'Expired') {
    expect(told.status.runs).toMatchObject([{ endedBy: 'Supervisor', effective: { ttl: '5s' } }]);
    expect(await containerState(stage, told)).toMatchObject({ terminated: {} });
    return;
  }
  // It counts: the container is there when the old deadline and all the time for its end have passed.
  await delay(Math.max(0, deadline + 5_000 - Date.now()));
  expect(await containerState(stage, told)).toMatchObject({ running: {} });
  await stage.changeSession('last-second', { cancel: true });
  await stage.untilPhase('last-second', 'Cancelled');
});
