import { describe, expect, it } from '@jest/globals';
import type { DebugSession, EffectiveValues, Run } from '../../../../src/api/debugsession.ts';
import { CANCELLED, REJECTED } from '../../../../src/session/run/ending.ts';
import * as events from '../../../../src/session/status/events.ts';
import type { EventIntent } from '../../../../src/session/status/events.ts';
import { aPod, aSession } from '../../../support/builders/builders.ts';

// What `kubectl describe` shows of each event, word by word, and the key that makes it one event.

const EFFECTIVE: EffectiveValues = {
  ttl: '10m',
  supervisor: 'Shell',
  pendingTimeout: '1h',
  startTimeout: '2m',
  profile: 'general',
  stdin: true,
  tty: true,
};
const RUN: Run = {
  attempt: 2,
  state: 'Running',
  podName: 'web-0',
  podUID: 'pod-uid-1',
  debugContainerName: 'debug-1',
  image: 'busybox',
  nodeName: 'node-1',
  expiresAt: '2026-01-01T12:10:00Z',
  requestedBy: { username: 'alice' },
  effective: EFFECTIVE,
};
const BEGAN = '2026-01-01T12:00:00Z';
const OVER: Run = { ...RUN, state: 'Ended', endedBy: 'Command', message: 'The command ended', exitCode: 3 };

function aRun(more: Partial<Run>): Run {
  return { ...RUN, ...more };
}

function anOwner(controller: boolean): (pod: ReturnType<typeof aPod>) => void {
  return (pod) => (pod.metadata.ownerReferences = [{ kind: 'Job', name: 'work', uid: 'j', controller }]);
}

function sessionThatAsks(spec: Partial<DebugSession['spec']>): DebugSession {
  const session = aSession({ attempt: 2, ...spec });
  session.metadata.generation = 4;
  return session;
}

function withoutRequester(): DebugSession {
  const session = sessionThatAsks({});
  delete session.spec.requestedBy;
  return session;
}

/** `head`: type, action and key. */
type Row = [what: string, event: () => EventIntent, head: string, note: string];

const rows: Row[] = [
  [
    'an accepted attempt',
    () => events.accepted(sessionThatAsks({ requestedBy: { username: 'alice' }, justification: 'INC-1' })),
    'Normal Accept 02-01-Accepted',
    'Accepted attempt 2 for alice: INC-1',
  ],
  [
    'an accepted attempt without a reason',
    () => events.accepted(withoutRequester()),
    'Normal Accept 02-01-Accepted',
    'Accepted attempt 2; requester unknown',
  ],
  [
    'an attempt that needs approvals',
    () => events.approvalRequired(sessionThatAsks({}), 'One person has to approve.'),
    'Normal AskForApproval 02-00-ApprovalRequired',
    'Attempt 2 waits. One person has to approve.',
  ],
  [
    'an approved attempt',
    () =>
      events.approved(RUN, [
        { name: 'one', approvalUID: 'a', username: 'bob', at: BEGAN },
        { name: 'two', approvalUID: 'b', username: 'eve', at: BEGAN, reason: 'seen' },
      ]),
    'Normal Approve 02-02-Approved',
    `Attempt 2 was approved by bob at ${BEGAN}, eve at ${BEGAN} (seen)`,
  ],
  [
    'an injection',
    () => events.injected(RUN),
    'Normal Inject 02-03-Injected',
    'Injected container debug-1 (busybox) into pod web-0 for alice',
  ],
  [
    'an injection without a supervisor',
    () => events.injected(aRun({ effective: { ...EFFECTIVE, supervisor: 'None' } })),
    'Normal Inject 02-03-Injected',
    'Injected container debug-1 (busybox) into pod web-0 for alice, without a supervisor: only the operator ends it',
  ],
  [
    'an injection that admission changed',
    () => events.injectedChanged(events.injected(RUN), { fields: ['env', 'image'], lostSupervisor: false }),
    'Warning Inject 02-03-Injected',
    'Injected container debug-1 (busybox) into pod web-0 for alice; admission changed it on its way (env, image)',
  ],
  [
    'an injection whose supervisor admission took away',
    () => events.injectedChanged(events.injected(RUN), { fields: ['command'], lostSupervisor: true }),
    'Warning Inject 02-03-Injected',
    'Injected container debug-1 (busybox) into pod web-0 for alice; admission changed it on its way (command); its supervisor was taken away, so only the operator ends it',
  ],
  [
    'capabilities without effect',
    () => events.capabilitiesIdle(RUN, { capabilities: ['NET_RAW', 'BPF'], user: 7, from: 'the image' }),
    'Warning Inject 02-05-CapabilitiesIdle',
    'Capabilities NET_RAW, BPF have no effect in container debug-1: it runs as user 7, by the image; set spec.securityContext.runAsUser: 0 to use them',
  ],
  [
    'a pod that completes later',
    () => events.delaysCompletion(RUN, aPod(anOwner(false))),
    'Warning Inject 02-04-DelaysCompletion',
    'Pod web-0 can finish. When its own containers have ended for good, the kubelet ends debug-1 too; the pod completes only after that, which may take its terminationGracePeriodSeconds',
  ],
  [
    'a pod of a Job that completes later',
    () => events.delaysCompletion(RUN, aPod(anOwner(true))),
    'Warning Inject 02-04-DelaysCompletion',
    'Pod web-0 of Job work can finish. When its own containers have ended for good, the kubelet ends debug-1 too; the pod completes only after that, which may take its terminationGracePeriodSeconds',
  ],
  [
    'a container under pressure',
    () => events.underPressure(RUN, ['the pod is short of memory', 'the node of disk']),
    'Warning Inject 02-06-UnderPressure',
    'Container debug-1 has no resources of its own and uses those of its pod and node, and the pod is short of memory; the node of disk',
  ],
  [
    'a start',
    () => events.started(RUN),
    'Normal Start 02-07-Started',
    'Container debug-1 runs in pod web-0 on node node-1 until 2026-01-01T12:10:00Z',
  ],
  [
    'a pod that suffers',
    () =>
      events.podDisturbed(RUN, [
        { what: 'OOMKilled', containerName: 'app', at: BEGAN, exitCode: 137 },
        { what: 'Evicted', at: BEGAN },
      ]),
    'Warning Watch 02-08-PodDisturbed',
    `While container debug-1 ran, container app of pod web-0 was killed for lack of memory at ${BEGAN}, exit code 137; pod web-0 was evicted at ${BEGAN}`,
  ],
  [
    'a changed ttl',
    () => events.ttlChanged(RUN),
    'Normal ChangeTtl 02-09-TtlChanged-10m',
    'Changed ttl to 10m: container debug-1 runs until 2026-01-01T12:10:00Z',
  ],
  [
    'a refused ttl',
    () => events.ttlChangeRefused(sessionThatAsks({}), RUN, { ttl: '9h', why: 'too long' }),
    'Warning ChangeTtl 02-10-TtlChangeRefused-4',
    'Refused ttl 9h for the running container (too long); it keeps 10m and ends at 2026-01-01T12:10:00Z',
  ],
  [
    'an end that is not confirmed',
    () => events.stopUnconfirmed(RUN, 'It runs on'),
    'Warning Stop 02-11-StopUnconfirmed',
    'It runs on',
  ],
  [
    'an eviction of a pod without a controller',
    () => events.evicting(RUN, undefined),
    'Warning Evict 02-12-Evicting',
    'Evicting pod web-0 because nothing else ends the container. The pod has no controller, so nothing recreates it and its data is lost',
  ],
  [
    'an eviction of a pod with another owner',
    () => events.evicting(RUN, aPod(anOwner(false))),
    'Warning Evict 02-12-Evicting',
    'Evicting pod web-0 because nothing else ends the container. The pod has no controller, so nothing recreates it and its data is lost',
  ],
  [
    'a retirement',
    () => events.retiring(RUN, aPod(anOwner(true))),
    'Normal Evict 02-18-Retiring',
    'Evicting pod web-0 because a session has run in it. Job work creates another',
  ],
  [
    'an end',
    () => events.over({ ...OVER, startedAt: BEGAN, finishedAt: '2026-01-01T12:00:02.600Z' }),
    'Normal End 02-13-Ended',
    'Container debug-1 ended with exit code 3, by Command after 3 s: The command ended',
  ],
  [
    'an end before the start, by clocks that differ',
    () => events.over({ ...OVER, startedAt: BEGAN, finishedAt: '2026-01-01T11:59:50Z' }),
    'Normal End 02-13-Ended',
    'Container debug-1 ended with exit code 3, by Command after 0 s: The command ended',
  ],
  [
    'an end whose start is not known',
    () => events.over({ ...OVER, finishedAt: BEGAN }),
    'Normal End 02-13-Ended',
    'Container debug-1 ended with exit code 3, by Command: The command ended',
  ],
  [
    'an end without a time',
    () => events.over({ ...OVER, startedAt: BEGAN }),
    'Normal End 02-13-Ended',
    'Container debug-1 ended with exit code 3, by Command: The command ended',
  ],
  [
    'an end with the pod',
    () => events.over(aRun({ state: 'Ended', endedBy: 'PodGone', message: 'The pod is gone' })),
    'Warning End 02-13-Ended',
    'Container debug-1 ended, by PodGone: The pod is gone',
  ],
  [
    'a reported end with the pod',
    () => events.over({ ...OVER, endedBy: 'PodGone' }),
    'Normal End 02-13-Ended',
    'Container debug-1 ended with exit code 3, by PodGone: The command ended',
  ],
  [
    'an end without an exit code',
    () => events.over(aRun({ state: 'Ended', endedBy: 'Command', message: 'Nobody knows' })),
    'Normal End 02-13-Ended',
    'Container debug-1 ended, by Command: Nobody knows',
  ],
  [
    'a cancelled attempt',
    () => events.over(aRun({ state: 'Failed', reason: CANCELLED, message: 'Cancelled before it ran' })),
    'Normal Cancel 02-14-Cancelled',
    'Attempt 2: Cancelled before it ran',
  ],
  [
    'a failed attempt',
    () => events.over(aRun({ state: 'Failed', reason: 'ImagePullFailed', message: 'no such image' })),
    'Warning Fail 02-15-Failed',
    'Attempt 2 failed (ImagePullFailed): no such image',
  ],
  [
    'a refused attempt',
    () => events.over(aRun({ state: 'Failed', reason: 'PolicyDenied', message: 'not allowed' })),
    // Not one of the steps of a life: it sorts behind them.
    'Warning Reject 02-20-Rejected',
    'Attempt 2 failed (PolicyDenied): not allowed',
  ],
  [
    'a late start',
    () => events.startedLate(RUN, 'It started late'),
    'Warning Start 02-16-StartedLate',
    'It started late',
  ],
  [
    'a container that ran again',
    () => events.ranAgain(RUN),
    'Warning Start 02-17-RanAgain',
    'The kubelet ran container debug-1 of pod web-0 again after its end, because the node had lost its record',
  ],
];

describe('the event of', () => {
  it.each(rows)('%s', (_what, tell, head, words) => {
    const { type, action, key, note, reason } = tell();
    expect([`${type} ${action} ${key}`, note]).toEqual([head, words]);
    expect(key.split('-')[2]).toBe(reason);
  });
});

it('PolicyDenied is a refusal', () => {
  expect(REJECTED).toContain('PolicyDenied');
});

it('a deletion that waits is a warning about the pod', () => {
  expect(events.deletionWaiting(RUN, Date.parse(BEGAN))).toMatchObject({
    type: 'Warning',
    action: 'Delete',
    key: '02-19-DeletionWaiting',
    podName: 'web-0',
  });
});

describe('the pod that an event is related to', () => {
  const { podUID, ...named } = RUN;
  const { podName, ...bare } = named;

  it.each<[string, Run, object]>([
    ['the pod of the run', RUN, { podName, podUID }],
    ['the name alone where the UID is not known', named, { podName }],
    ['none where no pod was chosen', bare, {}],
  ])('%s', (_, run, related) => {
    const event = events.startedLate(run, 'late');
    const said = Object.entries(event).filter(([field]) => field.startsWith('pod'));
    expect(Object.fromEntries(said)).toStrictEqual(related);
  });
});

describe('the words of the requester', () => {
  it('an injection hands them on apart from its own words', () => {
    expect(events.injected(aRun({ justification: 'INC-1' })).because).toBe('INC-1');
    expect(events.injected(RUN)).not.toHaveProperty('because');
  });

  it('admission that changed nothing leaves an event as it was, and so does an event that is no injection', () => {
    const injection = events.injected(RUN);
    expect(events.injectedChanged(injection)).toBe(injection);
    const start = events.started(RUN);
    expect(events.injectedChanged(start, { fields: ['env'], lostSupervisor: false })).toBe(start);
  });
});
