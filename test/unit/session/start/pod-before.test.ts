import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../../src/api/pod.ts';
import { podBefore } from '../../../../src/session/start/pod-before.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';

/** What is recorded of a pod with these containers, of a session that names none. */
function before(init: ContainerStatus[], own: ContainerStatus[]): ReturnType<typeof podBefore> {
  const pod = aPod(({ status }) => Object.assign(status, { initContainerStatuses: init, containerStatuses: own }));
  return podBefore(pod, undefined);
}

const INITIALIZING = aStatus('app', { waiting: { reason: 'PodInitializing' } });
const READY = aStatus('app', { running: {} });
const CRASH = { restartCount: 3, lastState: { terminated: { exitCode: 7, reason: 'Error' } } };

describe('the pod before the injection', () => {
  it('podBefore names the init container that crashes, and not the application that waits for it', () => {
    const setup = aStatus('setup', { waiting: { reason: 'CrashLoopBackOff' } }, CRASH);
    expect(before([setup, aStatus('next', { waiting: { reason: 'PodInitializing' } })], [INITIALIZING])).toMatchObject({
      ...{ containerName: 'setup', restartCount: 3, state: 'waiting', reason: 'CrashLoopBackOff' },
      lastTermination: { exitCode: 7 },
    });
  });

  it('podBefore names the init container that runs and does not end', () => {
    const setup = aStatus('setup', { running: {} }, { ready: false });
    expect(before([setup], [INITIALIZING])).toMatchObject({ containerName: 'setup', state: 'running' });
  });

  it('podBefore names the sidecar that crashes beside a healthy application', () => {
    const mesh = aStatus('mesh', { waiting: { reason: 'CrashLoopBackOff' } }, CRASH);
    expect(before([mesh], [READY])).toMatchObject({ containerName: 'mesh', restartCount: 3 });
  });

  it('podBefore names the application where init containers are done and sidecars run', () => {
    const done = aStatus('setup', { terminated: { exitCode: 0, reason: 'Completed' } }, { ready: true });
    const mesh = aStatus('mesh', { running: {} });
    expect(before([done, mesh], [READY])).toMatchObject({ containerName: 'app', state: 'running' });
  });

  it('podBefore passes over the init containers that are healthy or done', () => {
    const done = aStatus('setup', { terminated: { exitCode: 0, reason: 'Completed' } });
    const ended = aStatus('app', { terminated: { exitCode: 0, reason: 'Completed' } });
    expect(before([done], [ended])).toMatchObject({ containerName: 'app', state: 'terminated', exitCode: 0 });
    const counted = aStatus('mesh', { running: {} }, { restartCount: undefined as never });
    const restarted = aStatus('app', { running: {} });
    expect(before([counted], [restarted])).toMatchObject({ containerName: 'app' });
  });

  it('podBefore names an init container of which no state is known', () => {
    expect(before([aStatus('setup', undefined)], [READY])).toMatchObject({ containerName: 'setup', state: 'waiting' });
  });

  it('podBefore names a sidecar that started again beside a healthy application', () => {
    const mesh = aStatus('mesh', { running: {} }, { restartCount: 2 });
    expect(before([mesh], [READY])).toMatchObject({ containerName: 'mesh', restartCount: 2 });
  });
});

/** From the least to the worst: each says how a container looks, and none is as bad as the next. */
const BY_SEVERITY: [string, ContainerStatus['state'], Partial<ContainerStatus>][] = [
  ['is ready', { running: {} }, {}],
  ['is ready after a restart', { running: {} }, { restartCount: 1 }],
  ['has done its part', { terminated: { exitCode: 0 } }, {}],
  ['waits for init containers', { waiting: { reason: 'PodInitializing' } }, {}],
  ['runs and is not ready', { running: {} }, { ready: false }],
  ['has failed', { terminated: { exitCode: 1 } }, {}],
  ['waits', { waiting: { reason: 'CrashLoopBackOff' } }, {}],
];

describe('the worst container of a pod', () => {
  const pairs = BY_SEVERITY.slice(1).map((worse, index) => ({ better: BY_SEVERITY[index] ?? worse, worse }));

  it.each(pairs.map(({ better, worse }) => [worse[0], better[0], worse, better] as const))(
    'podBefore names the container that %s, and not the one that %s',
    (_worse, _better, worse, better) => {
      const bad = aStatus('bad', worse[1], worse[2]);
      const good = aStatus('good', better[1], better[2]);
      expect([before([], [good, bad]).containerName, before([], [bad, good]).containerName]).toEqual(['bad', 'bad']);
    },
  );

  it('podBefore names the first of two containers that look alike', () => {
    expect(before([], [aStatus('one', { running: {} }), aStatus('two', { running: {} })]).containerName).toBe('one');
  });

  it.each<[string, ContainerStatus, ContainerStatus, string]>([
    [
      'a ready one without a count of restarts is healthy',
      aStatus('uncounted', { running: {} }, { restartCount: undefined as never }),
      aStatus('restarted', { running: {} }, { restartCount: 1 }),
      'restarted',
    ],
    [
      'one without a state counts as not ready',
      aStatus('done', { terminated: { exitCode: 0 } }),
      aStatus('stateless', undefined),
      'stateless',
    ],
  ])('podBefore judges a container of which little is known: %s', (_, first, second, name) => {
    expect(before([], [first, second]).containerName).toBe(name);
  });
});

describe('what is recorded of a pod and its container', () => {
  const finishedAt = '2026-01-01T11:30:00Z';

  it.each<[string, (pod: Pod) => void, ReturnType<typeof podBefore>]>([
    [
      'a container that runs',
      () => undefined,
      { phase: 'Running', ready: true, containerName: 'app', restartCount: 0, state: 'running' },
    ],
    [
      'a container that has ended',
      ({ status }) => (status.containerStatuses = [aStatus('app', { terminated: { exitCode: 7, reason: 'Error' } })]),
      {
        ...{ phase: 'Running', ready: true, containerName: 'app', restartCount: 0 },
        ...{ state: 'terminated', reason: 'Error', exitCode: 7 },
      },
    ],
    [
      'a container that ended before',
      ({ status }) =>
        (status.containerStatuses = [
          aStatus('app', { running: {} }, { lastState: { terminated: { exitCode: 7, finishedAt } }, restartCount: 1 }),
        ]),
      {
        ...{ phase: 'Running', ready: true, containerName: 'app', restartCount: 1, state: 'running' },
        lastTermination: { exitCode: 7, finishedAt },
      },
    ],
    [
      'a container that ended at an unknown time',
      ({ status }) =>
        (status.containerStatuses = [
          aStatus('app', { running: {} }, { lastState: { terminated: { exitCode: 7, reason: 'Error' } } }),
        ]),
      {
        ...{ phase: 'Running', ready: true, containerName: 'app', restartCount: 0, state: 'running' },
        lastTermination: { reason: 'Error', exitCode: 7 },
      },
    ],
    [
      'a container without a state',
      ({ status }) => (status.containerStatuses = [{ name: 'app' }]),
      { phase: 'Running', ready: true, containerName: 'app', restartCount: 0, state: 'waiting' },
    ],
    [
      'a pod that is not ready beside other conditions',
      ({ status }) => {
        status.conditions = [
          { type: 'PodScheduled', status: 'True' },
          { type: 'Ready', status: 'False' },
        ];
      },
      { phase: 'Running', ready: false, containerName: 'app', restartCount: 0, state: 'running' },
    ],
    ['a pod that its kubelet has not reported', (pod) => (pod.status = {}), { phase: 'Unknown', ready: false }],
    [
      'a pod with other conditions alone',
      ({ status }) =>
        Object.assign(status, { conditions: [{ type: 'PodScheduled', status: 'True' }], phase: 'Pending' }),
      { phase: 'Pending', ready: false, containerName: 'app', restartCount: 0, state: 'running' },
    ],
  ])('podBefore records %s', (_, change, expected) => {
    expect(podBefore(aPod(change), undefined)).toStrictEqual(expected);
  });

  it('podBefore records the target container, however bad another one looks', () => {
    const pod = aPod(({ status }) => {
      status.containerStatuses = [READY, aStatus('sidecar', { waiting: { reason: 'CrashLoopBackOff' } }, CRASH)];
    });
    expect(podBefore(pod, 'app')).toMatchObject({ containerName: 'app', state: 'running' });
    expect(podBefore(pod, undefined)).toMatchObject({ containerName: 'sidecar', state: 'waiting' });
  });
});
