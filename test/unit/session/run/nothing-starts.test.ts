import { describe, expect, it } from '@jest/globals';
import type { ContainerState, Pod, PodStatus } from '../../../../src/api/pod.ts';
import { notSetUp } from '../../../../src/session/run/nothing-starts.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

const NOT_READY = { type: 'PodReadyToStartContainers', status: 'False' };

/** A pod that waits for its node, with this in its status. */
function pending(status: Partial<PodStatus>): Pod {
  return aPod((pod) => Object.assign(pod.status, { phase: 'Pending', conditions: [NOT_READY] }, status));
}

const said = (words: string): string =>
  `Pod web-1 is not ready to start containers: its volumes, sandbox or network are missing${words}; kubectl describe pod web-1 shows why in its events`;

describe('a pod that its node has not set up', () => {
  const creating = aStatus('app', { waiting: { reason: 'ContainerCreating' } });

  it.each<[string, Partial<PodStatus>, string]>([
    [
      'the pod',
      { conditions: [{ ...NOT_READY, message: 'no network' }], containerStatuses: [creating] },
      ' (no network)',
    ],
    ['the pod without words', { conditions: [{ ...NOT_READY, message: '' }], containerStatuses: [creating] }, ''],
    [
      'a container that waits for a reason and says more',
      { containerStatuses: [aStatus('app', { waiting: { reason: 'Blocked', message: 'no disk' } })] },
      ' (container app waits: Blocked: no disk)',
    ],
    [
      'a container that waits for a reason and says nothing more',
      { containerStatuses: [aStatus('app', { waiting: { reason: 'Blocked', message: '' } })] },
      ' (container app waits: Blocked)',
    ],
    [
      'a container that waits after one that has started',
      { containerStatuses: [aStatus('first', { running: {} }), aStatus('none', undefined), creating] },
      ' (container app waits: ContainerCreating)',
    ],
    [
      'an init container that waits before the others',
      {
        initContainerStatuses: [aStatus('setup', { waiting: { reason: 'PodInitializing' } })],
        containerStatuses: [creating],
      },
      ' (container setup waits: PodInitializing)',
    ],
    ['no container', { containerStatuses: [aStatus('app', { running: {} })] }, ''],
    ['a container without a reason', { containerStatuses: [aStatus('app', { waiting: {} })] }, ''],
    ['nobody in a pod that runs', { phase: 'Running', containerStatuses: [] }, ''],
  ])('the operator quotes what the kubelet says of a pod that is not set up: %s', (_words, status, words) => {
    expect(notSetUp(pending(status))?.message).toBe(said(words));
  });

  it.each([[undefined], [[]]])(
    'the kubelet has not reported a pending pod with the container statuses %j',
    (statuses) => {
      const pod = pending({});
      delete pod.status.containerStatuses;
      if (statuses !== undefined) pod.status.containerStatuses = statuses;
      expect(notSetUp(pod)?.message).toBe(
        'Pod web-1 is not ready to start containers: the kubelet of node node-1 has not reported it yet',
      );
    },
  );

  it('a pod is set up as its own condition says, whatever the others say', () => {
    const others = [
      { type: 'Ready', status: 'False' },
      { ...NOT_READY, status: 'True' },
    ];
    expect(notSetUp(pending({ conditions: others, containerStatuses: [creating] }))).toBeUndefined();
  });
});

describe('a container that waits in its pod', () => {
  /** A session whose container the kubelet has not started, after six seconds. */
  const waiting = (change: (world: World) => void): World => {
    const world = new World({ startTimeout: '10m' });
    world.settle();
    change(world);
    world.pass(6_000);
    world.settle();
    return world;
  };

  it.each<[string, ContainerState['waiting'], string]>([
    ['what the kubelet says', { reason: 'ContainerCreating', message: 'waiting for a disk' }, 'waiting for a disk'],
    ['the reason of the kubelet where it says nothing more', { reason: 'ErrImagePull' }, 'ErrImagePull'],
    ['that nothing has started where the kubelet says nothing', {}, 'The kubelet has not started the container yet'],
  ])('a run that is cancelled before its container ran tells %s', (_words, state, words) => {
    const world = waiting((one) => one.kubelet({ waiting: state ?? {} }));
    world.edit({ cancel: true });
    world.settle();
    expect(world.run.message).toBe(`The session was cancelled before the container ran: ${words}`);
  });

  it.each<[string, (pod: Pod) => void, string]>([
    ['has finished', ({ status }) => (status.phase = 'Succeeded'), 'PodFinished'],
    ['is being deleted', ({ metadata }) => (metadata.deletionTimestamp = '2026-01-01T12:01:00Z'), 'PodTerminating'],
  ])('a run fails at once when its pod %s before the container has started', (_words, change, reason) => {
    const world = waiting((one) => one.changePod(change));
    expect([world.phase, world.run.reason]).toEqual(['Failed', reason]);
  });
});

describe('a container that must not run as root', () => {
  const WORDS = 'container has runAsNonRoot and image will run as root';

  it.each([
    ['CreateContainerConfigError', WORDS, 'Failed'],
    ['CreateContainerError', WORDS, 'Starting'],
    ['CreateContainerConfigError', `secret "${WORDS}" not found`, 'Starting'],
  ])('a container that waits for %s because %s leaves the session %s', (reason, words, phase) => {
    const world = new World({ startTimeout: '10m' });
    world.settle();
    world.waits(reason, words);
    world.settle();
    expect(world.phase).toBe(phase);
  });
});
