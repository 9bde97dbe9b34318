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

  it.each<[string, Standing, boolean]>([
    ['a next attempt that waits', { phase: 'Pending', reason: 'PodNotFound', message: 'No pod' }, true],
    ['a next attempt that starts', { phase: 'Starting' }, true],
    ['the same attempt', RUNNING, false],
  ])('the time of a condition starts anew with %s', (_words, standing, isNew) => {
    const before = statusOf({ phase: 'Over' }, { run: { ...RUN, state: 'Failed', reason: 'PodGone' } });
    const later = NOON + 60_000;
    const run = { ...RUN, attempt: isNew ? 2 : 1 };
    const asked = standing.phase === 'Pending' ? {} : { run };
    const { conditions = [] } = composeStatus({ session: withStatus(before), standing, now: later, ...asked });
    const accepted = conditions.find(({ type }) => type === 'Accepted');
    expect(accepted?.lastTransitionTime).toBe(isNew ? '2026-01-01T12:01:00Z' : '2026-01-01T12:00:00Z');
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
