import { expect, it } from '@jest/globals';
import { writesOf } from '../../../bench/parts/recorded-life.ts';
import type { AuditEvent } from '../../support/cluster/audit-log.ts';

function write(subresource: string | undefined, requestObject: object): AuditEvent {
  return {
    auditID: '',
    stage: 'ResponseComplete',
    verb: 'patch',
    requestURI: '',
    user: { username: 'operator' },
    objectRef: { resource: 'debugsessions', ...(subresource && { subresource }) },
    requestObject,
    requestReceivedTimestamp: '',
    stageTimestamp: '',
  };
}

it('a recorded life holds each write, and the event for which each status waited', () => {
  const container = { name: 'debug' };
  // A PUT of the status carries the whole session, and so its finalizers.
  const whole = { metadata: { finalizers: ['f'] }, spec: {} };
  const statuses = [
    { phase: 'Starting' },
    { phase: 'Running' },
    { phase: 'Running', exitCode: 0 },
    { phase: 'Completed', completedAt: 'now' },
  ];
  const writes = writesOf([
    write(undefined, { metadata: { finalizers: ['f'] } }),
    write('status', { ...whole, status: statuses[0] }),
    write('ephemeralcontainers', { spec: { ephemeralContainers: [container] } }),
    write('status', { ...whole, status: statuses[1] }),
    write('status', { ...whole, status: statuses[2] }),
    write('status', { ...whole, status: statuses[3] }),
    write(undefined, { metadata: { finalizers: [] } }),
  ]);
  expect(writes).toEqual([
    { kind: 'finalizers', finalizers: ['f'] },
    { kind: 'status', status: JSON.stringify(statuses[0]) },
    { kind: 'inject', container: JSON.stringify(container) },
    { kind: 'status', status: JSON.stringify(statuses[1]), after: 'running' },
    { kind: 'status', status: JSON.stringify(statuses[2]) },
    { kind: 'status', status: JSON.stringify(statuses[3]), after: 'terminated' },
    { kind: 'finalizers', finalizers: [] },
  ]);
});
