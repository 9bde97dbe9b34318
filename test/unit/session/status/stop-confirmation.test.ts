import { expect, it } from '@jest/globals';
import type { Run } from '../../../../src/api/debugsession.ts';
import { stopConfirmation } from '../../../../src/session/status/stop-confirmation.ts';
import { NOON } from '../../../support/builders/builders.ts';

// What StopConfirmed says of each fate, word by word.

const START_BY = '2026-01-01T12:02:00Z';
const LAST_MOMENT = '2026-01-01T12:12:00Z';
const NAMED = { attempt: 1, podName: 'web-0', debugContainerName: 'debug-1' };
const INJECTED = { ...NAMED, state: 'Failed', injectedAt: '2026-01-01T12:00:00Z' } as const;
const LIMITED = { ...INJECTED, startBy: START_BY, lastMoment: LAST_MOMENT };
const LOST = { ...INJECTED, state: 'Ended', reason: 'ContainerStatusUnknown' } as const;
const RAN_AGAIN = { containerID: 'containerd://second', seenAt: START_BY };

it.each<[what: string, run: Run, head: string, message: string]>([
  ['lives', { ...NAMED, state: 'Running' }, 'False Stopping', 'Container debug-1 of pod web-0 has not ended'],
  ['was never injected', { ...NAMED, state: 'Failed' }, 'True NothingToStop', 'No container was injected'],
  [
    'may start, without a supervisor',
    INJECTED,
    'Unknown MayStartLate',
    'Container debug-1 of pod web-0 has not run, and the kubelet may start it later; then only the operator would end it',
  ],
  [
    'may start',
    LIMITED,
    'Unknown MayStartLate',
    `Container debug-1 of pod web-0 has not run, and the kubelet may start it later; its supervisor refuses to start after ${START_BY}`,
  ],
  [
    'can never start',
    { ...INJECTED, reason: 'InvalidImageName', message: 'no such name' },
    'True NothingToStop',
    'Container debug-1 of pod web-0 can never start: no such name',
  ],
  [
    'can never start, for no known reason',
    { ...INJECTED, reason: 'InvalidImageName' },
    'True NothingToStop',
    'Container debug-1 of pod web-0 can never start: no reason given',
  ],
  [
    'started late, without a supervisor',
    { ...INJECTED, state: 'StartedLate' },
    'False StartedLate',
    'The container started after its run had failed; the operator ends it',
  ],
  [
    'ran again',
    { ...LIMITED, state: 'Ended', ranAgain: RAN_AGAIN },
    'False RanAgain',
    `The kubelet ran the container again after its end; the operator ends it; its supervisor has to end it by ${LAST_MOMENT}`,
  ],
  ['went out of sight', LOST, 'Unknown NodeLost', 'The kubelet has no status of the container any more'],
  [
    'went out of sight with its supervisor',
    { ...LOST, lastMoment: LAST_MOMENT },
    'Unknown NodeLost',
    `The kubelet has no status of the container any more; its supervisor had to end it by ${LAST_MOMENT}, but nothing confirms that`,
  ],
])('the condition tells of a container that %s', (_what, run, head, message) => {
  const { status, reason, message: words } = stopConfirmation(run, NOON);
  expect([`${status} ${reason}`, words]).toEqual([head, message]);
});
