import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../../src/api/duration.ts';
import { FINALIZER } from '../../../../src/api/debugsession.ts';
import { World } from '../../../support/world/world.ts';

/** A session whose run has failed at its startTimeout, with its container in the pod. */
function failedInTime(spec: Parameters<typeof World.running>[0] = {}): World {
  const world = new World(spec);
  world.settle();
  world.waits('ErrImagePull', 'no');
  world.pass(parseDuration('2m1s'));
  world.settle();
  expect(world.phase).toBe('Failed');
  return world;
}

describe('a deleted session', () => {
  it('the operator removes the finalizer of a session that is deleted before its intent', () => {
    const world = new World();
    world.step();
    expect(world.session.metadata.finalizers).toEqual([FINALIZER]);
    world.delete();
    world.settle();
    expect([world.effects, world.gone]).toEqual([['addFinalizer', 'removeFinalizer'], true]);
  });

  it.each(['Shell', 'None'] as const)(
    'a failed session that is deleted stays while its container may start (supervisor %s)',
    (supervisor) => {
      const world = failedInTime({ supervisor });
      world.delete();
      world.settle();
      world.pass(24 * 3_600_000);
      world.settle();
      expect([world.gone, world.condition('DeletionWaiting')]).toEqual([false, 'True ContainerMayStart']);
      expect(
        new Set(world.events.filter(({ reason }) => reason === 'DeletionWaiting').map(({ key }) => key)).size,
      ).toBe(1);
      world.podGoes({ seen: false });
      world.settle();
      expect(world.gone).toBe(true);
    },
  );

  it('a session deleted while its image is pulled is Cancelled, and stays until its late start has ended', () => {
    const world = new World();
    world.settle();
    world.waits('ErrImagePull', 'no');
    world.settle();
    world.delete();
    world.settle();
    expect([world.phase, world.gone]).toEqual(['Cancelled', false]);
    world.starts();
    world.settle();
    expect([world.run.state, world.actions.underWay]).toEqual(['StartedLate', 'Exec']);
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('the operator lets go at once a deleted session whose container can never start', () => {
    const world = new World();
    world.settle();
    world.waits('InvalidImageName', 'invalid reference format');
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('True NothingToStop');
    world.delete();
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('a deleted session stays while its late start runs', () => {
    const world = failedInTime();
    world.starts();
    world.settle();
    world.delete();
    world.settle();
    world.pass(30_000);
    world.settle();
    expect([world.gone, world.condition('DeletionWaiting')]).toEqual([false, 'True ContainerRuns']);
    world.ends({ exitCode: 143 });
    world.settle();
    expect(world.gone).toBe(true);
  });
});

describe('a late start', () => {
  it('the end of a late start whose pod went unseen is never confirmed', () => {
    const world = failedInTime();
    world.starts();
    world.settle();
    world.podGoes({ seen: false });
    expect(world.settle()).toBeUndefined();
    world.pass(24 * 3_600_000);
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('Unknown ForceDeleted');
    expect(world.session.metadata.finalizers).toEqual([]);
  });

  it('a late start that outlives its last moment is not confirmed before its end', () => {
    const world = failedInTime({ ttl: '10s' });
    world.starts();
    world.settle();
    world.pass(parseDuration('1h'));
    expect(world.settle()).toBeUndefined();
    expect(world.condition('StopConfirmed')).toBe('False StartedLate');
    world.ends({ exitCode: 137 });
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('True Terminated');
  });
});

describe('a run without its container in the pod', () => {
  it('the operator does not look at once again at a run whose container is missing from the pod', () => {
    const world = World.running();
    if (world.pod) world.pod.spec.ephemeralContainers = [];
    world.pass(parseDuration('5m'));
    expect(world.settle() ?? 1).toBeGreaterThan(0);
  });
});

describe('a container that ran and waits again', () => {
  it('a container that ran and waits again has not failed to start', () => {
    const world = World.running();
    world.waits('ContainerCreating');
    world.pass(10_000);
    world.settle();
    expect(world.phase).toBe('Running');
    world.pass(parseDuration('3m'));
    world.settle();
    expect([world.phase, world.run.state]).toEqual(['Running', 'Running']);
  });
});

describe('a container that the kubelet lost sight of', () => {
  it('a session whose container is out of sight is over at its last moment, and looked at until its pod is gone', () => {
    const world = World.running({ ttl: '1m' });
    world.waits('ContainerCreating');
    world.pass(world.settle() ?? 0);
    expect(world.settle()).toBeUndefined();
    expect([world.phase, world.run.endedBy, world.condition('StopConfirmed')]).toEqual([
      'Completed',
      'Kubelet',
      'Unknown NodeLost',
    ]);
    world.containerID = 'containerd://again';
    world.starts();
    world.settle();
    expect([world.condition('StopConfirmed'), world.actions.underWay]).toEqual(['False RanAgain', 'Exec']);
    world.podGoes({ seen: false });
    world.settle();
    expect([world.condition('StopConfirmed'), world.session.metadata.finalizers]).toEqual(['Unknown ForceDeleted', []]);
  });

  it('a container that the kubelet lost sight of has ended with a pod that has finished', () => {
    const world = World.running();
    world.waits('ContainerCreating');
    if (world.pod) world.pod.status.phase = 'Failed';
    world.settle();
    expect([world.phase, world.run.reason, world.condition('StopConfirmed')]).toEqual([
      'Completed',
      'PodGone',
      'Unknown ForceDeleted',
    ]);
  });
});

describe('a pod that the operator cannot look at', () => {
  const blind = (world: World): World => {
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    return world;
  };

  it('a deleted session stays while the operator cannot look at its pod', () => {
    const world = blind(World.running());
    world.delete();
    world.settle();
    world.pass(24 * 3_600_000);
    expect([world.settle(), world.gone]).toEqual([undefined, false]);
  });

  it('a run that lives does not change while the operator cannot look at its pod', () => {
    const world = blind(World.running());
    const before = world.session;
    world.pass(parseDuration('3h'));
    expect([world.settle(), world.session]).toEqual([undefined, before]);
  });

  it('a session fails at pendingTimeout when the operator cannot look at its pod', () => {
    const world = blind(new World());
    world.pass(world.settle() ?? 0);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'PendingTimeout']);
  });
});

describe('a long message', () => {
  it('a long message is cut to 1024 characters in conditions and in the record', () => {
    const world = new World({ target: { podName: 'web-1', containerName: 'nope' } });
    if (world.pod)
      world.pod.spec.containers = Array.from({ length: 60 }, (_, i) => ({ name: `${'c'.repeat(60)}${i}` }));
    world.settle();
    expect([world.phase, world.message('Failed').length, world.run.message?.length]).toEqual(['Failed', 1024, 1024]);
  });
});

describe('an operator that was away while the container started', () => {
  it('the ttl counts from the start of the container, and not from the return of an operator that was away', () => {
    const world = new World({ ttl: '1h' });
    world.settle();
    world.pass(2_000);
    world.starts();
    world.pass(parseDuration('20m'));
    world.settle();
    expect([world.run.expiresAt, world.run.injectedAt]).toEqual(['2026-01-01T13:00:02Z', '2026-01-01T12:00:02Z']);
  });
});
