import { describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionStatus, EffectiveValues, Run } from '../../../../src/api/debugsession.ts';
import { composeStatus, type Standing, type StatusInput } from '../../../../src/session/status/compose-status.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';

// The status that follows from where a session stands and from the record of its newest run.

const EFFECTIVE: EffectiveValues = {
  ...{ ttl: '10m', supervisor: 'Shell', pendingTimeout: '1h', startTimeout: '2m' },
  ...{ profile: 'general', stdin: false, tty: false },
};
const RUN: Run = {
  attempt: 1,
  state: 'Running',
  podName: 'web-0',
  podUID: 'pod-uid-1',
  debugContainerName: 'debug-1',
  effective: EFFECTIVE,
  injectedAt: '2026-01-01T11:59:00Z',
};
const RUNNING: Standing = { phase: 'Running', message: 'It runs' };
const ENDING: Standing = { phase: 'Ending', reason: 'Expired', message: 'Its ttl is over' };

function statusOf(standing: Standing, more: Partial<StatusInput> = {}): DebugSessionStatus {
  return composeStatus({ session: aSession(), standing, now: NOON, run: RUN, ...more });
}

/** Type, status, reason and message of a condition. */
function said(status: DebugSessionStatus, type: string): (string | undefined)[] | undefined {
  const found = status.conditions?.find((each) => each.type === type);
  return found && [found.status, found.reason, found.message];
}

function withStatus(status: DebugSessionStatus): DebugSession {
  return aSession({ attempt: 2 }, { status });
}

describe('the command to attach', () => {
  it.each<[string, Partial<EffectiveValues>, string]>([
    ['no terminal', {}, ''],
    ['standard input', { stdin: true }, ' -i'],
    ['standard input and a terminal', { stdin: true, tty: true }, ' -i -t'],
  ])('the status has it for a container with %s', (_words, values, flags) => {
    const run = { ...RUN, effective: { ...EFFECTIVE, ...values } };
    for (const standing of [RUNNING, ENDING])
      expect(statusOf(standing, { run }).attachCommand).toBe(`kubectl attach -n shop web-0 -c debug-1${flags}`);
  });

  it.each<[string, Standing, Partial<StatusInput>]>([
    ['has not started', { phase: 'Starting' }, {}],
    ['is over', { phase: 'Over' }, {}],
    ['runs in a pod that goes', RUNNING, { isPodLeaving: true }],
  ])('the status has none where the container %s', (_words, standing, more) => {
    expect(statusOf(standing, more)).not.toHaveProperty('attachCommand');
  });
});

describe('the conditions', () => {
  it('a container that runs has Injected and Running', () => {
    const status = statusOf(RUNNING);
    expect(said(status, 'Injected')).toEqual(['True', 'Injected', 'Container debug-1 is in pod web-0']);
    expect(said(status, 'Running')).toEqual(['True', 'Running', 'It runs']);
    expect(status).not.toHaveProperty('reason');
  });

  it('a container that is being ended runs until the kubelet reports its end', () => {
    const status = statusOf(ENDING);
    expect(said(status, 'Running')).toEqual([
      'True',
      'Running',
      'Container debug-1 of pod web-0 runs and is being ended',
    ]);
    expect(said(status, 'StopConfirmed')).toEqual(['False', 'Expired', 'Its ttl is over']);
    expect(status.reason).toBe('Expired');
  });

  it('a container that is being ended in a pod that goes keeps the reason of its end', () => {
    expect(statusOf(ENDING, { isPodLeaving: true }).reason).toBe('Expired');
    expect(statusOf(RUNNING, { isPodLeaving: true }).reason).toBe('PodTerminating');
  });

  it('a run that has ended is complete, and no longer Running', () => {
    const run: Run = { ...RUN, state: 'Ended', endedBy: 'Command', exitCode: 0, reason: 'Completed', message: 'Over' };
    const status = statusOf({ phase: 'Over' }, { run });
    expect(said(status, 'Running')).toEqual(['False', 'Completed', 'Over']);
    expect(said(status, 'Injected')).toEqual(['True', 'Injected', 'Container debug-1 is in pod web-0']);
  });

  it('a run that failed before the injection is not injected, for the reason of its failure', () => {
    const run: Run = { ...RUN, state: 'Failed', reason: 'PodGone', message: 'No pod' };
    delete run.injectedAt;
    expect(said(statusOf({ phase: 'Over' }, { run }), 'Injected')).toEqual(['False', 'PodGone', 'No pod']);
  });

  it('a failed run without a reason has the reason Unknown and no message', () => {
    const run: Run = { ...RUN, state: 'Failed' };
    expect(said(statusOf({ phase: 'Over' }, { run }), 'Failed')).toEqual(['True', 'Unknown', '']);
  });

  it('a session that is deleted after its container has ended does not wait', () => {
    const run: Run = { ...RUN, state: 'Ended', endedBy: 'Command', exitCode: 0, podGoneAt: '2026-01-01T11:59:59Z' };
    const session = aSession({}, { metadata: { deletionTimestamp: '2026-01-01T11:59:58Z' } });
    expect(said(statusOf({ phase: 'Over' }, { session, run }), 'DeletionWaiting')).toBeUndefined();
    expect(said(statusOf(ENDING, { session }), 'DeletionWaiting')?.[0]).toBe('True');
  });

  it('a deleted session waits for the container of an earlier attempt, and names it', () => {
    const open: Run = { ...RUN, state: 'Failed', reason: 'StartTimeout', debugContainerName: 'debug-1' };
    const run: Run = { ...RUN, attempt: 2, state: 'Failed', reason: 'PodNotFound', debugContainerName: 'debug-2' };
    delete run.injectedAt;
    const metadata = { deletionTimestamp: '2026-01-01T11:59:58Z' };
    const session = aSession({ attempt: 2 }, { metadata, status: { attempt: 1, runs: [open] } });
    const [, reason, message] = said(statusOf({ phase: 'Over' }, { session, run }), 'DeletionWaiting') ?? [];
    expect([reason, message]).toEqual(['ContainerMayStart', expect.stringMatching(/^Container debug-1 of pod web-0 /)]);
  });

  it.each([
    ['is next after a run that is over', {}, true],
    ['does not follow once the session is deleted', { deletionTimestamp: '2026-01-01T11:59:58Z' }, false],
  ])('a raised attempt %s', (_words, metadata, follows) => {
    const run: Run = { ...RUN, state: 'Failed', reason: 'StartTimeout' };
    const session = aSession({ attempt: 2 }, { metadata });
    const words = ['True', 'PreviousRunNotOver', 'Attempt 1 is over, and attempt 2 is next'];
    const reconciling = said(statusOf({ phase: 'Over' }, { session, run }), 'Reconciling');
    expect(reconciling).toEqual(follows ? words : undefined);
  });

  it.each<[string, Standing, boolean]>([
    ['a next attempt that waits', { phase: 'Pending', reason: 'PodNotFound', message: 'No pod' }, true],
    ['a next attempt that starts', { phase: 'Starting' }, true],
    ['the same attempt', RUNNING, false],
  ])('the time of a condition starts anew with %s', (_words, standing, isNew) => {
    const before = statusOf({ phase: 'Over' }, { run: { ...RUN, state: 'Failed', reason: 'PodGone' } });
    const later = NOON + 60_000;
    const run = { ...RUN, attempt: isNew ? 2 : 1 };
    const asked = standing.phase === 'Pending' ? {} : { run };
    const status = composeStatus({ session: withStatus(before), standing, now: later, ...asked });
    const accepted = status.conditions?.find(({ type }) => type === 'Accepted');
    const time = isNew ? '2026-01-01T12:01:00Z' : '2026-01-01T12:00:00Z';
    expect([accepted?.lastTransitionTime, status.acceptedAt]).toEqual([time, time]);
  });
});

describe('a session that waits for an approval', () => {
  const approval = { attempt: 1, sessionName: 'inspect-web', sessionUID: 'u', specHash: 'h', policyName: 'default' };
  const waiting = { phase: 'Pending', reason: 'ApprovalRequired', message: 'One is missing' } as const;

  it('the status says what the approval has to name, and since when the session waits', () => {
    const standing = { ...waiting, approval } as unknown as Standing;
    const status = composeStatus({ session: aSession(), standing, now: NOON });
    expect(status).toMatchObject({ approval, waitingFor: 'ApprovalRequired', waitingSince: '2026-01-01T12:00:00Z' });
    expect(status).not.toHaveProperty('runs');
    expect(status).not.toHaveProperty('attachCommand');
  });

  it('the status of a session that waits for something else names no approval', () => {
    const status = composeStatus({ session: aSession(), standing: waiting, now: NOON });
    expect(status).not.toHaveProperty('approval');
  });

  it('the time of waiting stays when the reason changes', () => {
    const first = composeStatus({ session: aSession(), standing: waiting, now: NOON });
    const standing: Standing = { phase: 'Pending', reason: 'PodNotFound', message: 'No pod' };
    const next = composeStatus({ session: aSession({}, { status: first }), standing, now: NOON + 5_000 });
    expect(next).toMatchObject({ waitingFor: 'PodNotFound', waitingSince: '2026-01-01T12:00:00Z' });
  });
});

describe('a session that has waited in vain', () => {
  const GIVEN_UP: Run = { attempt: 1, state: 'Failed', reason: 'PendingTimeout', message: 'It waited for 10m' };

  it.each<[string, string, (string | undefined)[], object]>([
    ['for its pod stays accepted', 'PodNotFound', ['True', 'Accepted'], { acceptedAt: '2026-01-01T12:00:00Z' }],
    [
      'for an approval was never accepted, and says why',
      'ApprovalRequired',
      ['Unknown', 'ApprovalRequired', 'One is missing'],
      { waitingFor: 'ApprovalRequired' },
    ],
  ])('a session that has waited %s', (_words, reason, accepted, fields) => {
    const standing: Standing = { phase: 'Pending', reason, message: 'One is missing' };
    const status = composeStatus({ session: aSession(), standing, now: NOON });
    const session = aSession({}, { status });
    const over = composeStatus({ session, standing: { phase: 'Over' }, run: GIVEN_UP, now: NOON + 600_000 });
    expect(said(over, 'Accepted')).toEqual(expect.arrayContaining(accepted));
    const { acceptedAt, waitingFor } = over;
    expect({ ...(acceptedAt && { acceptedAt }), ...(waitingFor && { waitingFor }) }).toEqual(fields);
  });

  it('the clock of a wait behind an earlier run has not begun', () => {
    const standing: Standing = { phase: 'Pending', reason: 'PreviousRunNotOver', message: 'Attempt 1 runs' };
    const status = composeStatus({ session: aSession(), standing, now: NOON });
    expect(status).toMatchObject({ phase: 'Pending', waitingFor: 'PreviousRunNotOver' });
    expect(status).not.toHaveProperty('waitingSince');
  });
});
