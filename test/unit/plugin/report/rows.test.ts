import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../../src/api/debugsession.ts';
import { isInPeriod, newestFirst } from '../../../../src/plugin/report/choose-rows.ts';
import { type ReportRow, rowsOf } from '../../../../src/plugin/report/row.ts';
import { totalsOf } from '../../../../src/plugin/report/totals.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';
import { manySessions } from '../../../support/builders/many-sessions.ts';
import { repositoryPath } from '../../../support/documents/crd.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

/** A session of a real cluster. */
function recorded(name: string): DebugSession {
  return JSON.parse(readFileSync(repositoryPath(`test/unit/fixtures/sessions/${name}.json`), 'utf8')) as DebugSession;
}

function only(session: DebugSession): ReportRow {
  const rows = rowsOf(session, NOW);
  expect(rows).toHaveLength(1);
  return rows[0] as ReportRow;
}

function withRun(run: Partial<Run>): DebugSession {
  const whole: Run = { attempt: 1, podName: 'web-1', debugContainerName: 'debug-1', state: 'Running', ...run };
  return aSession({}, { status: { observedGeneration: 1, runs: [whole] } });
}

describe('the rows of a session', () => {
  it('the row of an ended session says what the record says', () => {
    expect(only(recorded('completed'))).toMatchObject({
      session: 'quick',
      attempt: 1,
      pod: 'web-7c9f',
      node: 'node-1',
      container: 'debug-85af4b4a-1',
      image: 'docker.io/library/busybox:1.36',
      imageID: 'sha256:c2c3de57aba17a505f4edfbfa3016e414c455320f9cfa5d28e1c70c977145a1c',
      started: '2026-11-21T15:07:11Z',
      ended: '2026-11-21T15:07:11Z',
      durationSeconds: 0,
      deadline: '2026-11-21T15:37:11Z',
      state: 'Ended',
      live: false,
      endedBy: 'Command',
      endReason: 'Exited',
      exitCode: 0,
      stopConfirmed: 'True',
      requesterFrom: 'None',
    });
  });

  it('the row of a container that the API server refused has no start and no duration', () => {
    const row = only(recorded('failed-refused'));
    expect(row).toMatchObject({ state: 'Failed', endReason: 'PodSecurityDenied', stopConfirmed: 'True', live: false });
    expect(row).not.toHaveProperty('started');
    expect(row).not.toHaveProperty('durationSeconds');
  });

  it('the row of a running container counts its time until now', () => {
    const session = withRun({ startedAt: '2026-11-28T11:58:00Z' });
    expect(only(session)).toMatchObject({ state: 'Running', live: true, durationSeconds: 120 });
  });

  it('the row of a container that runs again after its end is live', () => {
    const ran = { startedAt: '2026-11-28T11:00:00Z', finishedAt: '2026-11-28T11:01:00Z', exitCode: 0 };
    const ranAgain = { containerID: 'c2', seenAt: '2026-11-28T11:30:00Z' };
    const row = only(withRun({ state: 'Ended', ...ran, ranAgain }));
    expect(row).toMatchObject({ live: true, stopConfirmed: 'False' });
  });

  it('the row of a container whose end the kubelet did not report is not certain', () => {
    const gone = { podGoneAt: '2026-11-28T11:30:00Z', finishedAt: '2026-11-28T11:30:00Z', endedBy: 'PodGone' as const };
    const row = only(withRun({ state: 'Ended', startedAt: '2026-11-28T11:00:00Z', ...gone }));
    expect(row).toMatchObject({ live: false, stopConfirmed: 'Unknown' });
    expect(totalsOf([row])).toMatchObject({ notConfirmed: 1, live: 0, neverRan: 0 });
  });

  it('the row of each attempt comes from its own record, and not from the spec', () => {
    const intendedAt = '2026-01-01T12:00:00Z';
    const first: Run = {
      attempt: 1,
      intendedAt,
      state: 'Ended',
      requestedBy: { username: 'dana' },
      justification: 'one',
      exitCode: 1,
    };
    const second: Run = {
      attempt: 2,
      intendedAt,
      state: 'Running',
      requestedBy: { username: 'olga' },
      image: 'alpine',
    };
    const session = aSession(
      { attempt: 2, justification: 'of now' },
      { status: { observedGeneration: 1, runs: [first, second] } },
    );
    expect(
      rowsOf(session, NOON).map(({ attempt, requester, reason, image }) => [attempt, requester, reason, image]),
    ).toEqual([
      [1, 'dana', 'one', undefined],
      [2, 'olga', undefined, 'alpine'],
    ]);
  });

  it('the row of an attempt that was over before its record began takes requester and reason from the spec', () => {
    const session = recorded('cancelled-before');
    session.spec = { ...session.spec, requestedBy: { username: 'dana' }, justification: 'INC-1', policyName: 'strict' };
    expect(only(session)).toMatchObject({
      requester: 'dana',
      reason: 'INC-1',
      policy: 'strict',
      asked: session.metadata.creationTimestamp,
      endReason: 'Cancelled',
    });
    const later = rowsOf({ ...session, spec: { ...session.spec, attempt: 2 } }, NOW);
    expect(later[0]).not.toHaveProperty('requester');
  });

  it('the row of a waiting attempt comes from the spec', () => {
    const row = only(recorded('pending-pod-not-found'));
    expect(row).toMatchObject({ state: 'Waiting', live: false, endReason: 'PodNotFound' });
    expect(row).not.toHaveProperty('ended');
    expect(row).not.toHaveProperty('stopConfirmed');
  });

  it('the row of an attempt that the operator has not seen says only that it waits', () => {
    const first: Run = { attempt: 1, state: 'Ended', exitCode: 0 };
    const over = {
      observedGeneration: 1,
      phase: 'Completed' as const,
      completedAt: '2026-01-01T12:05:00Z',
      runs: [first],
    };
    const session = aSession({ attempt: 2 }, { status: over, metadata: { generation: 2 } });
    const row = rowsOf(session, NOON)[1];
    expect(row).toMatchObject({ attempt: 2, state: 'Waiting' });
    expect(row).not.toHaveProperty('ended');
  });

  it('the row names attachers, disturbances of the pod, and the changes of admission', () => {
    const row = only(
      withRun({
        attachers: [
          { kind: 'Group', name: 'sre' },
          { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
        ],
        during: [{ what: 'OOMKilled', containerName: 'app', at: '2026-11-28T11:59:00Z', exitCode: 137 }],
        changed: ['image'],
      }),
    );
    expect(row).toMatchObject({
      attachers: ['group sre', 'serviceaccount ci/robot'],
      during: ['OOMKilled of container app at 2026-11-28T11:59:00Z, exit code 137'],
      changed: ['image'],
    });
  });

  it('the rows are printable with any text of the cluster', () => {
    const evil = 'a\u001b]0;b\u0007\r\n\u202ec';
    const session = withRun({
      justification: evil,
      podName: evil,
      message: evil,
      finishedAt: evil,
      said: evil,
      image: evil,
    });
    // eslint-disable-next-line no-control-regex
    expect(Object.values(only(session)).flat().join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('the period', () => {
  const row = (asked: string, ended?: string): ReportRow =>
    ({ asked, ...(ended !== undefined && { ended }) }) as ReportRow;
  const period = { since: Date.parse('2026-11-10T00:00:00Z'), until: Date.parse('2026-11-20T00:00:00Z') };

  it.each([
    ['ends before the period', row('2026-11-08T00:00:00Z', '2026-11-09T00:00:00Z'), false],
    ['reaches into the period', row('2026-11-08T00:00:00Z', '2026-11-10T00:00:00Z'), true],
    ['lies in the period', row('2026-11-12T00:00:00Z', '2026-11-13T00:00:00Z'), true],
    ['begins in the period and goes on', row('2026-11-19T00:00:00Z'), true],
    ['began before the period and goes on', row('2026-11-01T00:00:00Z'), true],
    ['begins after the period', row('2026-11-21T00:00:00Z'), false],
  ])('isInPeriod decides on an attempt that %s', (_, attempt, isIn) => {
    expect(isInPeriod(attempt, period)).toBe(isIn);
  });
});

it('newestFirst puts the newest row first, and the same rows into the same order', () => {
  const rows = manySessions(200, NOW).flatMap((session) => rowsOf(session, NOW));
  const sorted = newestFirst(rows);
  expect(newestFirst(rows.toReversed())).toEqual(sorted);
  const asked = sorted.map((row) => row.asked ?? '');
  expect(asked).toEqual(asked.toSorted().toReversed());
});

it('totalsOf counts sessions, people and attempts by policy', () => {
  const rows = manySessions(100, NOW).flatMap((session) => rowsOf(session, NOW));
  const totals = totalsOf(rows);
  expect(totals.sessions).toBe(100);
  expect(totals.attempts).toBe(rows.length);
  expect(totals.attempts).toBeGreaterThan(100);
  expect(totals.people).toBe(4);
  expect(totals.byPolicy.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(rows.length);
  expect(totals.neverRan).toBe(rows.filter(({ state }) => state === 'Failed').length);
});
