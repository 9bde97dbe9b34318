import { expect, it } from '@jest/globals';
import { askedSince, openAt, trafficOf } from '../../soak/traffic.ts';
import type { AuditEvent } from '../../support/cluster/audit-log.ts';

function event(auditID: string, at: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    auditID,
    stage: 'ResponseComplete',
    verb: 'watch',
    requestURI: `/of/${auditID}`,
    user: { username: 'operator' },
    requestReceivedTimestamp: `at ${at}`,
    stageTimestamp: `at ${at}`,
    ...more,
  };
}

const began = { stage: 'ResponseStarted' };

it('a watch is open from its first answer to its end', () => {
  const traffic = trafficOf([event('a', 2, began), event('b', 3, began), event('a', 5)]);
  expect([1, 2, 3, 4, 5, 6].map((at) => openAt(traffic, `at ${at}`, []))).toEqual([0, 1, 2, 2, 1, 1]);
});

it('a watch that was refused was never open', () => {
  expect(openAt(trafficOf([event('a', 2)]), 'at 2', [])).toBe(0);
});

it('a restart of the API server ends the watches whose end is in no log, and no later ones', () => {
  const traffic = trafficOf([event('a', 2, began), event('b', 6, began)]);
  expect([3, 5, 7].map((at) => openAt(traffic, `at ${at}`, ['at 4']))).toEqual([1, 0, 1]);
});

it('the log tells requests from a moment on, without watches and the Lease', () => {
  const lease = { verb: 'update', objectRef: { resource: 'leases' } };
  const traffic = trafficOf([
    event('early', 1, { verb: 'patch' }),
    event('lease', 3, lease),
    event('late', 3, { verb: 'patch' }),
    event('watch', 3),
  ]);
  expect(askedSince(traffic, 'at 2')).toEqual(['at 3 patch /of/late']);
});
