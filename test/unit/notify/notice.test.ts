import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import type { Plan } from '../../../src/session/plan/effect.ts';
import type { EventIntent } from '../../../src/session/status/events.ts';
import { cloudEventOf } from '../../../src/notify/cloud-event.ts';
import { noticesOf } from '../../../src/notify/notice.ts';
import { aSession } from '../../support/builders/builders.ts';

const NOW = Date.parse('2026-11-28T20:00:00Z');
const RUN: Run = {
  attempt: 1,
  state: 'Ended',
  podName: 'web',
  podUID: 'pod-1',
  nodeName: 'node-1',
  debugContainerName: 'debug-1',
  policyName: 'production',
  requestedBy: { username: 'dana' },
  justification: 'INC-4711',
  startedAt: '2026-11-28T19:50:00Z',
  finishedAt: '2026-11-28T19:59:00Z',
  endedBy: 'Supervisor',
  reason: 'Expired',
  exitCode: 129,
  said: 'the secret that the container wrote',
};

function told(reason: string, note = 'What happened'): EventIntent {
  return { type: 'Normal', reason, action: 'Act', note, key: `01-${reason}` };
}

/** A step that wrote this run and told these events. */
function step(events: EventIntent[], runs: Run[] = [RUN]): Plan {
  return { effect: { kind: 'writeStatus', status: { observedGeneration: 1, attempt: 1, runs } }, events };
}

function session(spec: Partial<DebugSession['spec']> = {}): DebugSession {
  return aSession({
    env: [{ name: 'TOKEN', value: 'the secret of env' }],
    command: ['sh', '-c', 'the secret of command'],
    ...spec,
  });
}

describe('notices', () => {
  it.each([
    ['ApprovalRequired', 'approval.required'],
    ['Started', 'run.started'],
    ['Ended', 'run.ended'],
    ['Cancelled', 'run.ended'],
    ['Failed', 'run.ended'],
    ['Rejected', 'run.ended'],
    ['StopUnconfirmed', 'stop.unconfirmed'],
  ])('the event %s becomes a notice of kind %s', (reason, kind) => {
    expect(noticesOf(session(), step([told(reason)]), NOW).map((notice) => notice.kind)).toEqual([kind]);
  });

  it.each(['Accepted', 'Injected', 'TtlChanged', 'Retiring'])('the event %s becomes no notice', (reason) => {
    expect(noticesOf(session(), step([told(reason)]), NOW)).toEqual([]);
  });

  it('a notice of an end says whose run ended, where, when and how', () => {
    const [notice] = noticesOf(session(), step([told('Ended', 'Container debug-1 ended')]), NOW);
    expect(notice?.data).toMatchObject({
      ...{ attempt: 1, message: 'Container debug-1 ended', requester: 'dana', justification: 'INC-4711' },
      ...{ policy: 'production', pod: 'web', podUID: 'pod-1', node: 'node-1', container: 'debug-1' },
      ...{ startedAt: '2026-11-28T19:50:00Z', finishedAt: '2026-11-28T19:59:00Z' },
      ...{ state: 'Ended', reason: 'Expired', endedBy: 'Supervisor', exitCode: 129 },
    });
  });

  it('a notice holds no environment, no command and no word of the container', () => {
    const kinds = ['ApprovalRequired', 'Started', 'Ended', 'StopUnconfirmed'];
    const bodies = noticesOf(session(), step(kinds.map((reason) => told(reason))), NOW).map(cloudEventOf);
    expect(bodies).toHaveLength(4);
    for (const body of bodies) expect(body).not.toContain('the secret');
  });

  it('a notice of a session that waits for approval takes requester and reason from the spec', () => {
    const waiting = session({
      requestedBy: { username: 'lee' },
      justification: 'look\nfor\u0007 it',
      policyName: 'prod',
    });
    const [notice] = noticesOf(waiting, step([told('ApprovalRequired')], []), NOW);
    expect(notice?.data).toMatchObject({ requester: 'lee', justification: 'look for it', policy: 'prod', attempt: 1 });
  });

  it('a text that somebody wrote is one line of at most 500 characters', () => {
    const long = session({ justification: `a\r\nb\u202e${'x'.repeat(5_000)}` });
    const [notice] = noticesOf(long, step([told('ApprovalRequired', 'y'.repeat(900))], []), NOW);
    expect(notice?.data.justification).toMatch(/^a b x+\.\.\.$/);
    expect([notice?.data.justification?.length, notice?.data.message.length]).toEqual([500, 500]);
  });

  it('the same event gives the same id, and another attempt, kind or session another one', () => {
    const id = (reason: string, of = session(), runs = [RUN]): string =>
      noticesOf(of, step([told(reason)], runs), NOW)[0]?.id ?? '';
    expect(id('Ended')).toBe(id('Ended'));
    const again = session({ attempt: 2 });
    const all = [id('Ended'), id('Started'), id('Ended', again, [{ ...RUN, attempt: 2 }])];
    expect(new Set(all).size).toBe(3);
  });
});

it('a notice is sent as a CloudEvent 1.0 with the attributes that the standard asks for', () => {
  const [notice] = noticesOf(session(), step([told('Started')]), NOW);
  const event = JSON.parse(cloudEventOf(notice ?? (undefined as never))) as Record<string, unknown>;
  const { name, namespace, uid } = session().metadata;
  expect(event).toEqual({
    specversion: '1.0',
    id: `${uid}-1-run.started`,
    source: `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions/${name}`,
    type: 'dev.debugsession.run.started',
    subject: `${namespace}/${name}`,
    time: '2026-11-28T20:00:00.000Z',
    datacontenttype: 'application/json',
    data: expect.objectContaining({ session: name }),
  });
});
