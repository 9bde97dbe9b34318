import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../../../src/api/duration.ts';
import { aStatus } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

// What a session that runs tells, and how often.

/** The application of the pod is killed, and starts again, after the session has begun. */
function disturb(world: World): void {
  world.pass(10_000);
  const finishedAt = new Date(world.now).toISOString();
  const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt };
  world.changePod(({ status }) => {
    status.containerStatuses = [aStatus('app', { running: {} }, { restartCount: 1, lastState: { terminated } })];
  });
  world.settle();
}

describe('a disturbance of the pod', () => {
  it('the operator tells a disturbance of the pod once, whatever it writes later', () => {
    const world = World.running();
    disturb(world);
    world.edit({ cancel: true });
    world.settle();
    expect([world.phase, world.told]).toEqual(['Ending', ['Injected', 'Started', 'PodDisturbed']]);
  });

  it('the operator tells a disturbance of the pod in each attempt', () => {
    const world = World.running();
    disturb(world);
    world.ends();
    world.settle();
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    disturb(world);
    expect(world.run).toMatchObject({ attempt: 2, during: [{ what: 'OOMKilled', containerName: 'app' }] });
    expect(world.told.filter((reason) => reason === 'PodDisturbed')).toHaveLength(2);
  });
});

describe('a changed ttl', () => {
  it('the operator tells the container its new ttl without an event', () => {
    const world = World.running({ ttl: '30m' });
    world.edit({ ttl: '1h' });
    world.step();
    expect(world.look()).toMatchObject({ effect: { kind: 'tellTtl', ttl: '1h' }, events: [] });
  });

  it('a change of the ttl tells no second run of the container', () => {
    const world = World.running({ ttl: '30m' });
    world.edit({ ttl: '1h' });
    world.settle();
    world.tried({ kind: 'told' });
    world.settle();
    expect([world.run.effective?.ttl, world.told]).toEqual(['1h', ['Injected', 'Started', 'TtlChanged']]);
  });
});

it('a container without a supervisor stays the run of its session while it is out of sight', () => {
  const world = World.running({ supervisor: 'None', ttl: '1m' });
  world.waits('ContainerCreating');
  world.pass(parseDuration('24h'));
  const before = world.session;
  expect([world.settle(), world.session]).toEqual([undefined, before]);
});
