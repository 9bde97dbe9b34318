import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { msOf, patient } from '../support/patience.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('retention');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

const target = { podName: 'web' };

/** The first moment at which it may go, ms since the epoch. */
function removalTime({ status, spec }: DebugSession): number {
  const since = status?.conditions?.find((c) => c.type === 'StopConfirmed' && c.status === 'True')?.lastTransitionTime;
  const [, seconds] = /^(\d+)s$/.exec(spec.ttlAfterFinished ?? '') ?? [];
  return Date.parse(since ?? '') + Number(seconds) * 1000;
}

function isConfirmed({ status }: DebugSession): boolean {
  return status?.conditions?.some((c) => c.type === 'StopConfirmed' && c.status === 'True') === true;
}

describe('ttlAfterFinished', () => {
  it('the operator deletes a finished session at its time and not before, also when the operator was killed meanwhile', async () => {
    await stage.createSession('kept-a-while', { target, command: ['true'], ttlAfterFinished: '6s' });
    const over = await stage.untilSession('kept-a-while', isConfirmed);
    await stage.operators.at(-1)?.kill();
    await stage.startOperator();
    await stage.untilSessionGone('kept-a-while');
    const late = Date.now() - removalTime(over);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(patient(10_000));
    const line = await stage.operators.at(-1)?.until(({ msg }) => msg === 'session deleted');
    expect(line).toMatchObject({ session: 'kept-a-while', uid: over.metadata.uid, run: 1, runs: 1 });
    // What was injected stands in the pod as ever.
    expect(ephemeralNames(await stage.pod('web'))).toContain(over.status?.debugContainerName);
  });

  it('the operator deletes a finished session soon after its start when the time came while the operator was down', async () => {
    await stage.createSession('overdue', { target, command: ['true'], ttlAfterFinished: '2s' });
    const over = await stage.untilSession('overdue', isConfirmed);
    await stage.operators.at(-1)?.kill();
    await stage.until('its time is over', async () => Date.now() > removalTime(over) + 1_000);
    expect((await stage.session('overdue')).status).toEqual(over.status);
    await stage.startOperator();
    expect(await msOf(stage.untilSessionGone('overdue'))).toBeLessThan(patient(10_000));
  });

  it('a session with ttlAfterFinished 0s stays while its container runs, and goes when the container has ended', async () => {
    await stage.createSession('live', { target, command: ['sleep', '5'], ttlAfterFinished: '0s' });
    await stage.untilPhase('live', 'Running');
    const over = await stage.untilPhase('live', 'Completed');
    expect(over.status).toMatchObject({ exitCode: 0, runs: [{ endedBy: 'Command', reason: 'Exited' }] });
    expect(await msOf(stage.untilSessionGone('live'))).toBeLessThan(patient(10_000));
  });

  it('a finished session stays when its attempt is raised in the last second, and goes after the second attempt', async () => {
    await stage.createSession('raised', { target, command: ['true'], ttlAfterFinished: '3s' });
    const first = await stage.untilSession('raised', isConfirmed);
    await stage.until('the last second', async () => Date.now() > removalTime(first) - 1_000);
    await stage.changeSession('raised', { attempt: 2, command: ['sleep', '4'] });
    const second = await stage.untilSession(
      'raised',
      (session) => session.status?.attempt === 2 && isConfirmed(session),
    );
    expect(Date.now()).toBeGreaterThan(removalTime(first));
    expect(second.status?.runs?.map((run) => run.reason)).toEqual(['Exited', 'Exited']);
    await stage.untilSessionGone('raised');
    expect(Date.now()).toBeGreaterThanOrEqual(removalTime(second));
  });

  it('the operator deletes a finished session once, and waits for another finalizer', async () => {
    await stage.createSession('held', { target, command: ['true'], ttlAfterFinished: '2s' });
    const path = `${sessionsPath(stage.namespace)}/held`;
    const held = { metadata: { finalizers: ['example.com/archive'] } };
    await stage.untilSession('held', (session) => isConfirmed(session) && !session.metadata.finalizers?.length);
    await stage.client.patch(path, held, { type: 'merge' });
    const going = await stage.untilSession('held', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(going.status?.runs).toMatchObject([{ reason: 'Exited' }]);
    await stage.operators.at(-1)?.until(({ msg, session }) => msg === 'session deleted' && session === 'held');
    await stage.client.patch(path, { metadata: { finalizers: null } }, { type: 'merge' });
    await stage.untilSessionGone('held');
    const told = stage.operators
      .at(-1)
      ?.lines.filter(({ msg, session }) => session === 'held' && msg === 'session deleted');
    expect(told).toHaveLength(1);
  });

  it('a finished session stays when its ttlAfterFinished is lengthened after the end', async () => {
    await stage.createSession('wanted', { target, command: ['true'], ttlAfterFinished: '3s' });
    const over = await stage.untilSession('wanted', isConfirmed);
    await stage.changeSession('wanted', { ttlAfterFinished: '1h' });
    await stage.createSession('control', { target, command: ['true'], ttlAfterFinished: '3s' });
    await stage.untilSessionGone('control');
    expect(Date.now()).toBeGreaterThan(removalTime(over));
    expect((await stage.session('wanted')).status?.runs).toEqual(over.status?.runs);
  });
});
