import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../../src/api/duration.ts';
import { intended } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';
import { ARRIVED_MS } from '../../../support/builders/builders.ts';

// What becomes of a session that is deleted while its container runs, starts, or is on its way.

const DAY = parseDuration('24h');

function injected(): World {
  const world = new World();
  world.settle();
  return world;
}

function blind(world: World): void {
  world.sighting = () => ({ kind: 'unseen', message: 'no' });
}

describe('the container of a deleted session', () => {
  it('the operator records and tells the start of a container that it first sees after the deletion', () => {
    const world = injected();
    world.pass(2_000);
    world.starts();
    world.delete();
    world.settle();
    expect([world.phase, world.run.state, world.run.stop?.cause]).toEqual(['Ending', 'Running', 'Deleted']);
    expect(world.run).toMatchObject({ startedAt: '2026-01-01T12:00:02Z', injectedAt: '2026-01-01T12:00:02Z' });
    expect([world.told, world.actions.underWay]).toEqual([['Injected', 'Started'], 'Exec']);
  });

  it('the deletion of a session that runs tells no second start', () => {
    const world = World.running();
    world.delete();
    world.settle();
    expect([world.phase, world.told]).toStrictEqual(['Ending', ['Injected', 'Started']]);
  });

  it('a deletion does not move the start of a container whose node now reports another time', () => {
    const world = World.running();
    const { startedAt, expiresAt } = world.run;
    world.kubelet({ running: { startedAt: '2026-01-01T12:10:00Z' } });
    world.pass(parseDuration('10m'));
    world.delete();
    world.settle();
    expect(world.run).toMatchObject({ startedAt, expiresAt, stop: { cause: 'Deleted' } });
  });

  it('a session that is deleted after its cancel keeps the cancel as the cause of its end', () => {
    const world = World.running();
    world.edit({ cancel: true });
    world.settle();
    world.delete();
    world.settle();
    expect([world.run.stop?.cause, world.message('StopConfirmed')]).toEqual([
      'Cancelled',
      expect.stringMatching(/^The operator ends container debug-\w+-1 of pod web-1 /),
    ]);
  });
});

describe('a deleted session whose container is out of sight', () => {
  it('a deleted session stays as it is until the last moment of a container that the kubelet lost', () => {
    const world = World.running({ ttl: '1m' });
    world.waits('ContainerCreating');
    world.delete();
    const before = world.session;
    const pause = Date.parse(world.run.lastMoment ?? '') - world.now;
    expect([world.settle(), world.session]).toEqual([pause, before]);
    world.pass(pause);
    world.settle();
    expect([world.phase, world.condition('DeletionWaiting'), world.gone]).toEqual([
      'Completed',
      'True ContainerOutOfSight',
      false,
    ]);
  });

  it('a deleted session does not change while the operator cannot look at the pod of its container', () => {
    for (const world of [injected(), World.running({ ttl: '1m' })]) {
      blind(world);
      world.delete();
      world.pass(DAY);
      const before = world.session;
      expect([world.settle(), world.session]).toEqual([undefined, before]);
    }
  });

  it('a deleted session stays where an old copy of its pod does not show the injected container yet', () => {
    const world = World.running();
    world.changePod((pod) => (pod.spec.ephemeralContainers = []));
    world.delete();
    world.pass(DAY);
    expect([world.settle(), world.gone, world.phase]).toEqual([undefined, false, 'Running']);
  });
});

describe('a session that is deleted before its container runs', () => {
  it('the operator tells nothing when it lets go a deleted session without a container', () => {
    const world = intended();
    world.delete();
    world.pass(ARRIVED_MS);
    expect(world.look()).toEqual({ effect: { kind: 'removeFinalizer' }, events: [] });
  });

  it('the operator takes its finalizer off once where the finalizer of another holds the session', () => {
    const world = intended();
    world.session.metadata.finalizers?.push('others/one');
    world.delete();
    world.pass(ARRIVED_MS);
    world.settle();
    expect(world.session.metadata.finalizers).toEqual(['others/one']);
    expect(world.look()).toEqual({ effect: { kind: 'none' }, events: [] });
  });

  it('a session deleted before the kubelet refuses its image name fails with that, and is gone', () => {
    const world = injected();
    world.waits('InvalidImageName', 'invalid reference format');
    world.delete();
    world.settle();
    expect([world.phase, world.run.reason, world.run.message, world.gone]).toEqual([
      'Failed',
      'InvalidImageName',
      'invalid reference format',
      true,
    ]);
  });

  it('a session deleted while its container is made says what the kubelet said last', () => {
    const world = injected();
    world.waits('ContainerCreating', 'pulling the image');
    world.delete();
    world.settle();
    expect([world.phase, world.run.message, world.told.at(-1)]).toEqual([
      'Cancelled',
      'The session was deleted before the container ran: pulling the image',
      'DeletionWaiting',
    ]);
  });

  it('a failed session that nobody deletes is told of no deletion', () => {
    expect(World.neverStarted().told).toEqual(['Injected', 'Failed']);
  });
});
