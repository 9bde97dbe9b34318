import { expect, it } from '@jest/globals';
import type { Run } from '../../../../src/api/debugsession.ts';
import { runningMessage, whyTtlDoesNotApply } from '../../../../src/session/status/running-message.ts';

const RUN: Run = {
  attempt: 1,
  state: 'Running',
  podName: 'web',
  debugContainerName: 'debug-1',
  expiresAt: '2026-01-01T12:30:00Z',
};

it.each(['Shell', 'None'] as const)(
  'the message of Running says why a ttl does not apply: supervisor %s',
  (supervisor) => {
    const effective = { ttl: '9m', pendingTimeout: '10m', startTimeout: '2m', supervisor, stdin: false, tty: false };
    const run: Run = { ...RUN, effective: { ...effective, profile: 'general' } };
    expect(whyTtlDoesNotApply(runningMessage(run, undefined))).toBeUndefined();
    const refused = { ttl: '11m', why: 'its policy allows 10m at most' };
    expect(whyTtlDoesNotApply(runningMessage(run, refused))).toBe(refused.why);
  },
);

it.each([
  ['Shell', 'runs and ends at 2026-01-01T12:30:00Z'],
  ['None', 'runs and has no supervisor: the operator ends it at 2026-01-01T12:30:00Z'],
] as const)('the message of Running names the container, its pod and its end: supervisor %s', (supervisor, words) => {
  const effective = { ttl: '9m', pendingTimeout: '10m', startTimeout: '2m', supervisor, stdin: false, tty: false };
  const run: Run = { ...RUN, effective: { ...effective, profile: 'general' } };
  expect(runningMessage(run, undefined)).toBe(`Container debug-1 of pod web ${words}`);
});
