import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { confirmation, containerState, toldOf } from '../support/cluster/ending.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('late-start');
});

afterAll(() => stage.close());

const onNode = process.env['CLUSTER'] === 'current' ? it.skip : it;

/** The supervisor of a late container reads the clock, and refuses. */
const ENDS_ITSELF = { message: 'TooLate\n', exitCode: 125, endedBy: undefined };
/**
 * The operator sees the container run at the same time. On a busy machine its script comes first: the shell ends of
 * HUP, or it has refused, and its word is replaced before it ends.
 */
const ENDED_BY_EXEC = [129, 125].map((exitCode) => ({ message: 'Stopped\n', exitCode, endedBy: 'Exec' }));

// The kubelet tries for ever: an image may come hours after the session has been given up, and then nobody looks after
// its container.
onNode(
  'a container that starts after its run has failed runs no command and ends, and the status records it',
  async () => {
    const image = `localhost/comes/late:${Date.now()}`;
    await stage.runningPod('web');
    await stage.createSession('late', {
      target: { podName: 'web', containerName: 'app' },
      image,
      imagePullPolicy: 'Never',
      startTimeout: '2s',
      command: ['sh', '-c', 'echo the command runs; sleep 600'],
    });
    const failed = await stage.untilPhase('late', 'Failed');
    const run = failed.status?.runs?.[0];
    expect(failed.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'StopConfirmed', status: 'Unknown', reason: 'MayStartLate' }),
    );

    // The supervisor's clock counts in whole seconds and may be more than one behind.
    await delay(Date.parse(run?.startBy ?? '') + 3000 - Date.now());
    await stage.cluster.node?.ctr(['images', 'tag', busyboxImage, image]);
    try {
      const late = await stage.untilSession('late', (s) => s.status?.runs?.[0]?.exitCode !== undefined);
      expect(late.status?.phase).toBe('Failed');
      expect(late.status?.runs).toMatchObject([{ state: 'StartedLate', reason: run?.reason }]);
      expect(late.status?.runs?.[0]?.finishedAt).toBe(run?.finishedAt);
      expect(late.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'StopConfirmed', status: 'True', reason: 'Terminated' }),
      );
      const [container] = (await stage.pod('web')).status?.ephemeralContainerStatuses ?? [];
      const { startedAt = '', finishedAt = '', message, exitCode } = container?.state?.terminated ?? {};
      const how = { message, exitCode, endedBy: late.status?.runs?.[0]?.endedBy };
      expect([ENDS_ITSELF, ...ENDED_BY_EXEC]).toContainEqual(how);
      const logged = await stage.kubectl(['logs', 'web', '-c', late.status?.runs?.[0]?.debugContainerName ?? '']);
      expect(logged).toMatchObject({ code: 0 });
      expect(logged.stdout).not.toContain('the command runs');
      expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse(run?.startBy ?? ''));
      expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeLessThanOrEqual(patient(5_000));
    } finally {
      await stage.cluster.node?.ctr(['images', 'rm', image]);
    }
  },
);

/**
 * A session whose image is not there yet, and that has no supervisor: nothing inside would refuse to start, or end it.
 */
function withoutImage(image: string, podName: string): Partial<DebugSessionSpec> & Pick<DebugSessionSpec, 'target'> {
  return {
    target: { podName },
    image,
    imagePullPolicy: 'Never',
    supervisor: 'None',
    // It ends of a signal that comes from inside, as process 1 too.
    command: ['sh', '-c', 'trap "exit 0" HUP; while :; do sleep 1; done'],
    ttl: '10m',
  };
}

onNode('the operator ends a late container without a supervisor, also after the operator was away', async () => {
  const image = `localhost/comes/late-unguarded:${Date.now()}`;
  await Promise.all(['unguarded', 'raised', 'forgotten', 'deleted'].map((name) => stage.runningPod(name, appPod())));
  await Promise.all([
    stage.createSession('unguarded', { ...withoutImage(image, 'unguarded'), startTimeout: '1s' }),
    // Process 1 without a handler: no signal from inside reaches it.
    stage.createSession('raised', {
      ...withoutImage(image, 'raised'),
      ...{ command: ['sleep', '12'], startTimeout: '1s' },
    }),
    stage.createSession('forgotten', { ...withoutImage(image, 'forgotten'), startTimeout: '1s' }),
    stage.createSession('deleted', { ...withoutImage(image, 'deleted'), startTimeout: '10m' }),
  ]);
  const failed = await stage.untilPhase('unguarded', 'Failed');
  expect(confirmation(failed)).toMatchObject({ status: 'Unknown', reason: 'MayStartLate' });
  const { startedAt, finishedAt, reason } = failed.status?.runs?.[0] ?? {};
  await Promise.all(['raised', 'forgotten'].map((name) => stage.untilPhase(name, 'Failed')));
  // The next attempt is asked for while nothing of the first has run yet: the operator has to remember that one.
  await raise('forgotten');
  await stage.untilPod('deleted', (pod) => ephemeralNames(pod).length === 1);
  await stage.operators.at(-1)?.kill();
  await stage.startOperator();
  await stage.deleteSession('deleted');
  await stage.cluster.node?.ctr(['images', 'tag', busyboxImage, image]);
  const ended = deletedWhileStarting();
  const behind = Promise.all([raisedBehindOneThatRuns(), forgottenByRaising()]);
  for (const other of [ended, behind]) other.catch(() => undefined);
  try {
    const name = 'unguarded';
    const late = await stage.untilSession(name, (s) => s.status?.runs?.[0]?.exitCode !== undefined);
    expect(late.status?.phase).toBe('Failed');
    expect(late.status?.runs).toMatchObject([
      { state: 'StartedLate', reason, finishedAt, endedBy: 'Exec', stop: { cause: 'StartedLate', routes: ['Exec'] } },
    ]);
    expect(late.status?.runs?.[0]?.startedAt).toBe(startedAt);
    expect(confirmation(late)).toMatchObject({ status: 'True', reason: 'Terminated' });
    expect(await containerState(stage, late)).toMatchObject({ terminated: {} });
    expect(await toldOf(stage, name)).toContain('StartedLate');
    await ended;
    await behind;
  } finally {
    await stage.cluster.node?.ctr(['images', 'rm', image]);
  }
});

async function deletedWhileStarting(): Promise<void> {
  const over = await stage.untilSession('deleted', (s) => s.status?.runs?.[0]?.endedBy !== undefined);
  expect(over.status).toMatchObject({
    phase: 'Cancelled',
    runs: [{ endedBy: 'Exec', stop: { cause: 'StartedLate' } }],
  });
  await stage.untilSessionGone('deleted');
}

/** The next attempt waits for the container of the one before, and starts when it has ended. */
async function raisedBehindOneThatRuns(): Promise<void> {
  await stage.untilSession('raised', (s) => s.status?.runs?.[0]?.state === 'StartedLate');
  await raise('raised');
  await oneAfterTheOther('raised');
}

async function forgottenByRaising(): Promise<void> {
  await oneAfterTheOther('forgotten');
  expect((await stage.session('forgotten')).status?.runs?.[0]).toMatchObject({
    endedBy: 'Exec',
    stop: { cause: 'StartedLate' },
  });
}

async function raise(name: string): Promise<void> {
  const again: Partial<DebugSessionSpec> = { image: busyboxImage, supervisor: 'Shell', command: ['true'] };
  await stage.changeSession(name, { attempt: 2, ...again, startTimeout: '2m' });
  const waits = await stage.untilPhase(name, 'Pending');
  expect(waits.status?.conditions).toEqual([
    expect.objectContaining({ type: 'Accepted', status: 'Unknown', reason: 'PreviousRunNotOver' }),
    expect.objectContaining({ type: 'Injected', status: 'False', reason: 'PreviousRunNotOver' }),
    expect.objectContaining({ type: 'Reconciling', status: 'True', reason: 'PreviousRunNotOver' }),
  ]);
}

async function oneAfterTheOther(name: string): Promise<void> {
  const over = await stage.untilPhase(name, 'Completed');
  expect(over.status?.runs).toMatchObject([
    { state: 'StartedLate', exitCode: 0 },
    { state: 'Ended', exitCode: 0 },
  ]);
  const states = (await stage.pod(name)).status?.ephemeralContainerStatuses?.map(({ state }) => state?.terminated);
  const [first, second] = [states?.[0], states?.[1]];
  expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.finishedAt ?? ''));
}
