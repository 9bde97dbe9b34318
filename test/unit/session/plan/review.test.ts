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

  it.each(['Shell', 'None'] as const)('after its failure is held for a late start for 30 s (%s)', (supervisor) => {
    const world = failedInTime({ supervisor });
    world.delete();
    expect(world.settle()).toBe(30_000);
    world.pass(30_000);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('while its late container runs is told of on the pod', () => {
    const world = failedInTime();
    world.starts();
    world.settle();
    world.delete();
    world.settle();
    world.pass(30_000);
    world.settle();
    expect([world.gone, world.told.at(-1), world.events.at(-1)?.on]).toEqual([
      true,
      'SessionDeletedWhileRunning',
      'pod',
    ]);
  });
});

describe('a late start', () => {
  it('whose pod went is no more said to run, and is confirmed at its last moment', () => {
    const world = failedInTime();
    world.starts();
    world.settle();
    world.podGoes({ seen: false });
    const pause = world.settle() ?? 0;
    expect(world.condition('StopConfirmed')).toBe('Unknown ForceDeleted');
    world.pass(pause);
    expect(world.settle()).toBeUndefined();
    expect(world.condition('StopConfirmed')).toBe('True LastMomentPassed');
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
  it('has ended, as far as its supervisor goes, at its last moment', () => {
    const world = World.running({ ttl: '1m' });
    world.waits('ContainerCreating');
    world.pass(world.settle() ?? 0);
    expect(world.settle()).toBeUndefined();
    expect([world.phase, world.run.endedBy, world.condition('StopConfirmed')]).toEqual([
      'Completed',
      'Kubelet',
      'True LastMomentPassed',
    ]);
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

  it('does not keep a deleted session for longer than 30 s', () => {
    const world = blind(World.running());
    world.delete();
    expect(world.settle()).toBe(30_000);
    world.pass(30_000);
    world.settle();
    expect([world.gone, world.told.at(-1)]).toEqual([true, 'SessionDeletedWhileRunning']);
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
