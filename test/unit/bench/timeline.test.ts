import { expect, it } from '@jest/globals';
import { timeline } from '../../../bench/parts/timeline.ts';
import type { AuditEvent } from '../../support/cluster/audit-log.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';

/** A request of which `from` and `to` are ms after the start, with fractions. */
function request(user: string, verb: string, ref: AuditEvent['objectRef'], [from, to]: [number, number]): AuditEvent {
  const time = (ms: number): string => {
    const whole = new Date(START + Math.floor(ms)).toISOString().replace('Z', '');
    return `${whole}${String(Math.round((ms % 1) * 1_000)).padStart(3, '0')}Z`;
  };
  return {
    auditID: `${verb}-${from}`,
    stage: 'ResponseComplete',
    verb,
    requestURI: '',
    user: { username: user },
    objectRef: { namespace: 'ns', ...ref, resource: ref?.resource ?? '' },
    requestReceivedTimestamp: time(from),
    stageTimestamp: time(to),
  };
}

const session = { resource: 'debugsessions', name: 's' };
const pod = { resource: 'pods', name: 'p' };
const injection = { ...pod, subresource: 'ephemeralcontainers' };
const requests = [
  request('admin', 'create', session, [1, 3]),
  request(OPERATOR, 'list', { resource: 'pods', name: 'p' }, [4.25, 6]),
  // Asked for while the next request is on its way, and open for long.
  request(OPERATOR, 'watch', { resource: 'pods', name: 'p' }, [6.5, 900]),
  request(OPERATOR, 'patch', session, [7, 9]),
  request(OPERATOR, 'create', { resource: 'events', name: 's.1' }, [7.5, 9]),
  request(OPERATOR, 'patch', injection, [9.5, 12]),
  // Another's, and what comes after the injection.
  request('admin', 'patch', injection, [9.6, 30]),
  request(OPERATOR, 'update', { ...session, subresource: 'status' }, [12.5, 13]),
];

it('the timeline tells for each request the time before it, its duration and its end', () => {
  const steps = timeline(requests, [{ session: 's', pod: 'p', sent: START, seen: START + 12.75 }]);
  const rows = steps.map(({ step, before, served, at }) => [step, before.p50, served.p50, at]);
  const near = (value: number): unknown => expect.closeTo(value, 2);
  expect(rows).toEqual([
    ['create debugsessions (the person)', near(1), near(2), near(3)],
    ['list pods', near(1.25), near(1.75), near(6)],
    ['watch pods', near(0.5), NaN, near(6.5)],
    ['patch debugsessions', near(1), near(2), near(9)],
    ['patch pods/ephemeralcontainers', near(0.5), near(2.5), near(12)],
    ['seen in the watch', near(0.75), NaN, near(12.75)],
  ]);
});

it('the timeline knows nothing of a session that the audit log does not hold', () => {
  expect(timeline(requests, [{ session: 'other', pod: 'p', sent: START, seen: START + 1 }])).toEqual([]);
});
