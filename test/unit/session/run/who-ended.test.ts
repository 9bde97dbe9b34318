import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { ContainerStatus, Pod, Terminated } from '../../../../src/api/pod.ts';
import { whoEnded } from '../../../../src/session/run/who-ended.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

/** A session that ends so after ten seconds, when its pod looks so. */
function ended(end: Partial<Terminated>, change: (pod: Pod) => void, spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.running(spec);
  world.pass(10_000);
  world.changePod(change);
  world.ends({ reason: 'Error', message: 'Began', ...end });
  world.settle();
  return world;
}

const endedBy = (...about: Parameters<typeof ended>): string | undefined => ended(...about).run.endedBy;

describe('a container that ends with its pod', () => {
  it.each([1, 143])(
    'a container that ends with exit code %i in a pod that is being deleted ended with it',
    (exitCode) => {
      const leaving = ({ metadata }: Pod): void => void (metadata.deletionTimestamp = '2026-01-01T12:01:00Z');
      const { run } = ended({ exitCode, message: 'Exited' }, leaving);
      expect([run.endedBy, run.message]).toEqual(['PodGone', `It ended with its pod, exit code ${exitCode}`]);
    },
  );

  it('the run quotes a failed pod that gives a reason and no message', () => {
    const { run } = ended({ exitCode: 143 }, ({ status }) =>
      Object.assign(status, { phase: 'Failed', reason: 'Evicted' }),
    );
    expect(run.message).toBe('The kubelet ended it together with its pod, exit code 143; the pod says: Evicted');
  });

  it.each([
    ['a failed pod that gives no reason', { phase: 'Failed' }],
    ['a running pod that gives a reason', { phase: 'Running', reason: 'NodeLost', message: 'x' }],
  ])('the kubelet is not the cause of an end in %s', (_words, status) => {
    expect(endedBy({ exitCode: 143 }, (pod) => Object.assign(pod.status, status))).toBe('Unknown');
  });
});

describe('the other containers of a pod', () => {
  const done = aStatus('app', { terminated: { exitCode: 0 } });

  it.each<[string, ContainerStatus[], string]>([
    ['both have ended', [done, aStatus('cache', { terminated: { exitCode: 0 } })], 'Kubelet'],
    ['one of them runs', [done, aStatus('cache', { running: {} })], 'Unknown'],
    ['the kubelet says nothing of one', [done], 'Unknown'],
    ['the kubelet says no state of one', [done, aStatus('cache', undefined)], 'Unknown'],
  ])('two other containers of a pod have finished it only where both have ended: %s', (_words, statuses, by) => {
    const change = ({ spec, status }: Pod): void => {
      Object.assign(spec, { restartPolicy: 'Never', containers: [{ name: 'app' }, { name: 'cache' }] });
      status.containerStatuses = statuses;
    };
    expect(endedBy({ exitCode: 143 }, change)).toBe(by);
  });
});

describe('a container that shares the process namespace of its target', () => {
  /** A session that joins `app`, which had restarted twice before, and is killed when the pod has these statuses. */
  const killed = (statuses: ContainerStatus[], exitCode = 137, aSecondLater?: ContainerStatus[]): World => {
    const world = new World({ target: { podName: 'web-1', containerName: 'app' } });
    world.changePod(
      ({ status }) => (status.containerStatuses = [aStatus('app', { running: {} }, { restartCount: 2 })]),
    );
    world.settle();
    world.starts();
    world.settle();
    world.changePod(({ status }) => (status.containerStatuses = statuses));
    world.ends({ exitCode, reason: 'Error', message: 'Began' });
    world.settle();
    world.pass(aSecondLater === undefined ? 3_000 : 1_000);
    world.changePod(({ status }) => (status.containerStatuses = aSecondLater ?? statuses));
    world.settle();
    return world;
  };
  const again = aStatus('app', { running: {} }, { restartCount: 3 });

  it.each<[string, ContainerStatus[], string]>([
    ['has ended', [aStatus('app', { terminated: { exitCode: 1 } }, { restartCount: 2 })], 'Kubelet'],
    ['runs again', [again], 'Kubelet'],
    ['has no state', [aStatus('app', undefined)], 'Kubelet'],
    ['has no status', [aStatus('cache', { running: {} })], 'Kubelet'],
    ['runs as before', [aStatus('app', { running: {} }, { restartCount: 2 })], 'Unknown'],
  ])('a killed container whose target %s is judged by that', (_words, statuses, by) => {
    expect(killed(statuses).run.endedBy).toBe(by);
  });

  it('a killed container is judged by the end of its target that the kubelet reports a second later', () => {
    const runs = aStatus('app', { running: {} }, { restartCount: 2 });
    const ended = aStatus('app', { terminated: { exitCode: 3 } }, { restartCount: 2 });
    expect(killed([runs], 137, [ended]).run.endedBy).toBe('Kubelet');
    expect(killed([runs], 137, [runs]).run.state).toBe('Running');
  });

  it('the run says that the container was killed with its target, and names the target', () => {
    expect(killed([again]).run.message).toBe(
      'It was killed when container app, whose process namespace it shared, ended, exit code 137',
    );
  });

  it('a container that was not killed has not ended with its target', () => {
    expect(killed([again], 143).run.endedBy).toBe('Unknown');
  });

  it('a target that restarted in a run without a record of the pod before it has ended', () => {
    const about = { run: { attempt: 1, state: 'Running' }, terminated: { exitCode: 137 }, joined: 'app' } as const;
    const withCount = (restartCount: number): Pod =>
      aPod(({ status }) => (status.containerStatuses = [aStatus('app', { running: {} }, { restartCount })]));
    const by = [withCount(0), withCount(1)].map((pod) => whoEnded({ ...about, pod }).endedBy);
    expect(by).toEqual(['Unknown', 'Kubelet']);
  });

  it('an end is of unknown cause where nobody saw the pod', () => {
    const about = { run: { attempt: 1, state: 'Running' }, terminated: { exitCode: 137 }, joined: 'app' } as const;
    expect(whoEnded({ ...about, pod: undefined }).endedBy).toBe('Unknown');
  });
});
