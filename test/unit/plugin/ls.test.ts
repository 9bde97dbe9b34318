import { expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionStatus } from '../../../src/api/debugsession.ts';
import { isLive } from '../../../src/plugin/verbs/ls.ts';

type Confirmed = 'True' | 'False' | 'Unknown' | undefined;

it.each<[DebugSessionStatus['phase'], Confirmed, boolean]>([
  [undefined, undefined, true],
  ['Running', undefined, true],
  ['Completed', 'True', false],
  ['Failed', undefined, false],
  // The image never came, and the container may still start.
  ['Failed', 'Unknown', true],
  ['Cancelled', 'False', true],
])('ls --live shows a session in phase %s whose end has the confirmation %s: %p', (phase, status, live) => {
  const at = { reason: 'X', message: '', lastTransitionTime: '2026-11-28T10:00:00Z' };
  const conditions = status === undefined ? [] : [{ type: 'StopConfirmed', status, ...at }];
  const session = { metadata: { name: 's' }, spec: {}, status: { ...(phase && { phase }), conditions } };
  expect(isLive(session as unknown as DebugSession)).toBe(live);
});
