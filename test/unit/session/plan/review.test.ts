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

describe('a session that is deleted', () => {
  it('between the finalizer and the intent is let go', () => {
    const world = new World();
    world.step();
    expect(world.session.metadata.finalizers).toEqual([FINALIZER]);
    world.delete();
    world.settle();
    expect([world.effects, world.gone]).toEqual([['addFinalizer', 'removeFinalizer'], true]);
  });

  it.each(['Shell', 'None'] as const)('after its failure stays while its container may start (%s)', (supervisor) => {
    const world = failedInTime({ supervisor });
    world.delete();
    world.settle();
    world.pass(24 * 3_600_000);
    world.settle();
    expect([world.gone, world.condition('DeletionWaiting')]).toEqual([false, 'True ContainerMayStart']);
    expect(new Set(world.events.filter(({ reason }) => reason === 'DeletionWaiting').map(({ key }) => key)).size).toBe(
      1,
    );
    world.podGoes({ seen: false });
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('while its container waits to start is over, and stays while that may start', () => {
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

  it('whose container can never start is let go at once', () => {
    const world = new World();
    world.settle();
    world.waits('InvalidImageName', 'invalid reference format');
    world.settle();
    expect(world.condition('StopConfirmed')).toBe('True NothingToStop');
    world.delete();
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('while its late container runs stays until that has ended', () => {
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
  it('whose pod went is no more said to run, and is never confirmed', () => {
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

  it('that lives past its last moment is still looked at, without a pause of nothing', () => {
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

describe('a record that the pod does not bear out', () => {
  it('is no reason to look again and again', () => {
    const world = World.running();
    if (world.pod) world.pod.spec.ephemeralContainers = [];
    world.pass(parseDuration('5m'));
    expect(world.settle() ?? 1).toBeGreaterThan(0);
  });
});

describe('a container that ran and is waiting again', () => {
  it('has not failed to start', () => {
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
  it('is over at its last moment, and looked after until its pod is gone', () => {
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

  it('has ended with a pod that has finished', () => {
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

describe('a pod that cannot be looked at', () => {
  const blind = (world: World): World => {
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    return world;
  };

  it('keeps a deleted session: its container may run', () => {
    const world = blind(World.running());
    world.delete();
    world.settle();
    world.pass(24 * 3_600_000);
    expect([world.settle(), world.gone]).toEqual([undefined, false]);
  });

  it('changes nothing of a run that lives', () => {
    const world = blind(World.running());
    const before = world.session;
    world.pass(parseDuration('3h'));
    expect([world.settle(), world.session]).toEqual([undefined, before]);
  });

  it('is given up at pendingTimeout', () => {
    const world = blind(new World());
    world.pass(world.settle() ?? 0);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'PendingTimeout']);
  });
});

describe('a long message', () => {
  it('is cut, in conditions and in the record', () => {
    const world = new World({ target: { podName: 'web-1', containerName: 'nope' } });
    if (world.pod)
      world.pod.spec.containers = Array.from({ length: 60 }, (_, i) => ({ name: `${'c'.repeat(60)}${i}` }));
    world.settle();
    expect([world.phase, world.message('Failed').length, world.run.message?.length]).toEqual(['Failed', 1024, 1024]);
  });
});

describe('an operator that was away while the container started', () => {
  it('counts the ttl from the start, not from its return', () => {
    const world = new World({ ttl: '1h' });
    world.settle();
    world.pass(2_000);
    world.starts();
    world.pass(parseDuration('20m'));
    world.settle();
    expect([world.run.expiresAt, world.run.injectedAt]).toEqual(['2026-01-01T13:00:02Z', '2026-01-01T12:00:02Z']);
  });
});
