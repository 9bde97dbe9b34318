import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { toldOf } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('times');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

const target = { podName: 'web' };
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

describe('notAfter', () => {
  it('notAfter stops a manifest that is applied again after that time', async () => {
    await stage.createSession('old', { target, command: ['true'], notAfter: '2024-01-01T00:00:00Z' });
    const lapsed = await stage.untilPhase('old', 'Failed');
    expect(lapsed.status?.runs).toMatchObject([{ attempt: 1, reason: 'Lapsed' }]);
    expect(lapsed.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        reason: 'Lapsed',
        message: 'No run starts after spec.notAfter (2024-01-01T00:00:00Z)',
      }),
    );
    await stage.until('the story is told', async () => (await stage.events('DebugSession', 'old')).length > 0);
    expect(await toldOf(stage, 'old')).toEqual(['Rejected']);
    expect(ephemeralNames(await stage.pod('web'))).toEqual([]);
  });

  it('notAfter ends the wait of a session for its pod', async () => {
    await stage.createSession('waiting', {
      target: { podName: 'nobody' },
      command: ['true'],
      notAfter: inSeconds(patient(5_000) / 1_000),
    });
    await stage.untilPhase('waiting', 'Pending');
    expect((await stage.untilPhase('waiting', 'Failed')).status?.runs).toMatchObject([{ reason: 'Lapsed' }]);
  });

  it('notAfter stops the next attempt but not a running container, and a later notAfter lets an attempt start', async () => {
    const notAfter = inSeconds(patient(8_000) / 1_000);
    const outlasts = `until [ "$(date +%s)" -gt ${Math.ceil(Date.parse(notAfter) / 1_000)} ]; do sleep 1; done`;
    await stage.createSession('timely', { target, command: ['sh', '-c', outlasts], notAfter });
    const first = await stage.untilPhase('timely', 'Completed');
    expect(Date.parse(first.status?.completedAt ?? '')).toBeGreaterThan(Date.parse(first.spec.notAfter ?? ''));
    expect(first.status?.exitCode).toBe(0);
    await stage.changeSession('timely', { attempt: 2 });
    const second = await stage.untilPhase('timely', 'Failed');
    expect(second.status?.runs).toMatchObject([{ reason: 'Exited' }, { reason: 'Lapsed' }]);
    await stage.changeSession('timely', { attempt: 3, notAfter: inSeconds(60), command: ['true'] });
    const third = await stage.untilPhase('timely', 'Completed');
    expect(third.status?.runs).toMatchObject([{ reason: 'Exited' }, { reason: 'Lapsed' }, { reason: 'Exited' }]);
  });
});

describe('ttl', () => {
  it('each change of ttl in a running session counts from the start of the container, and an event says so', async () => {
    await stage.createSession('timed', { target, command: ['sleep', '600'], ttl: '10m' });
    const running = await stage.untilPhase('timed', 'Running');
    const counts = (ttl: string) =>
      stage.untilSession('timed', (s) => s.status?.runs?.[0]?.effective?.ttl === ttl && s.spec.ttl === ttl);
    await stage.changeSession('timed', { ttl: '1h' });
    const raised = await counts('1h');
    expect(Date.parse(raised.status?.expiresAt ?? '') - Date.parse(running.status?.expiresAt ?? '')).toBe(50 * 60_000);
    const lastMoments = [running, raised].map(({ status }) => Date.parse(status?.runs?.[0]?.lastMoment ?? ''));
    expect((lastMoments[1] ?? 0) - (lastMoments[0] ?? 0)).toBe(50 * 60_000);
    await stage.changeSession('timed', { ttl: '20s' });
    await counts('20s');
    const expired = await stage.untilPhase('timed', 'Expired');
    expect(expired.status?.runs).toMatchObject([{ effective: { ttl: '20s' }, endedBy: 'Supervisor' }]);
    await stage.until('the end is told', async () =>
      (await stage.events('DebugSession', 'timed')).some((event) => event.reason === 'Ended'),
    );
    const told = (await stage.events('DebugSession', 'timed')).filter((event) => event.reason.startsWith('Ttl'));
    expect(told.map(({ reason, note }) => [reason, note.split(':')[0]])).toEqual([
      ['TtlChanged', 'Changed ttl to 1h'],
      ['TtlChanged', 'Changed ttl to 20s'],
    ]);
  });
});
