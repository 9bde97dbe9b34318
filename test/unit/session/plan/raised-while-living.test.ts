import { describe, expect, it } from '@jest/globals';
import { World } from '../../../support/world/world.ts';
import { ARRIVED_MS } from '../../../support/builders/builders.ts';

// A declared wish that cannot come true yet is accepted, and waits (docs/adr/0046).

const SECOND = 1_000;
const EVE = { username: 'eve' };

function injections(world: World): string[] {
  return world.effects.filter((effect) => effect.startsWith('inject'));
}

describe('an attempt that is raised while a run lives', () => {
  it('a raised attempt waits, says so, and starts when the run is over', () => {
    const world = World.running();
    world.edit({ attempt: 2 });
    world.settle();
    expect([world.phase, world.run.attempt, world.condition('Running')]).toEqual(['Running', 1, 'True Running']);
    expect([world.condition('Reconciling'), world.message('Reconciling')]).toEqual([
      'True PreviousRunNotOver',
      'Attempt 2 starts when attempt 1 is over',
    ]);
    expect(injections(world)).toHaveLength(1);
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
    expect(injections(world)).toHaveLength(2);
    expect(world.session.status?.runs?.[0]).toMatchObject({ state: 'Ended', reason: 'Exited', raised: true });
  });

  it('a run that is over is not the end of the session while a raised attempt has not begun', () => {
    const world = World.running();
    world.edit({ attempt: 2 });
    world.settle();
    world.ends({ exitCode: 0 });
    world.step();
    expect([world.phase, world.run.attempt, world.condition('Complete')]).toEqual(['Completed', 1, 'True Exited']);
    expect([world.condition('Reconciling'), world.message('Reconciling')]).toEqual([
      'True PreviousRunNotOver',
      'Attempt 1 is over, and attempt 2 is next',
    ]);
  });

  it('a run that failed is not stalled while a raised attempt has not begun', () => {
    const world = new World();
    while (world.phase !== 'Starting') world.step();
    world.edit({ attempt: 2 });
    world.settle();
    world.pass(ARRIVED_MS);
    while (world.phase === 'Starting') world.step();
    expect([world.phase, world.condition('Failed')]).toEqual(['Failed', 'True SpecChanged']);
    expect([world.condition('Stalled'), world.condition('Reconciling')]).toEqual([
      undefined,
      'True PreviousRunNotOver',
    ]);
  });

  it('the run keeps all that it began with, whatever the new spec asks for', () => {
    const world = World.running({ ttl: '5m' });
    const before = world.run;
    world.edit({
      attempt: 2,
      ttl: '1h',
      image: 'docker.io/library/busybox:1.37',
      requestedBy: EVE,
      policyName: 'other',
    });
    world.settle();
    expect(world.run).toEqual(before);
    expect(world.effects.filter((effect) => effect.startsWith('tellTtl'))).toEqual([]);
  });

  it('the next attempt belongs to the person who raised it', () => {
    const world = World.running();
    world.edit({ attempt: 2, requestedBy: EVE });
    world.settle();
    world.ends({ exitCode: 0 });
    world.settle();
    expect(world.session.status?.runs?.map(({ requestedBy }) => requestedBy?.username)).toEqual(['dana', 'eve']);
  });

  it('an attempt that is taken back leaves nothing to wait for', () => {
    const world = World.running();
    world.edit({ attempt: 2 });
    world.settle();
    world.edit({ attempt: 1 });
    world.settle();
    expect([world.phase, world.condition('Reconciling')]).toEqual(['Running', undefined]);
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.phase, world.run.attempt, world.run.raised]).toEqual(['Completed', 1, undefined]);
  });

  it('cancel ends the run and the attempt that waits for it', () => {
    const world = World.running();
    world.edit({ attempt: 2 });
    world.settle();
    world.edit({ cancel: true });
    world.settle();
    expect(world.phase).toBe('Ending');
    world.ends({ exitCode: 143 });
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Cancelled', 2]);
    expect(injections(world)).toHaveLength(1);
  });

  it('a run whose container is not injected yet is given up, and nothing of the new spec goes into it', () => {
    const world = new World();
    while (world.phase !== 'Starting') world.step();
    world.edit({ attempt: 2, requestedBy: EVE });
    world.settle();
    expect(injections(world)).toEqual([]);
    world.pass(ARRIVED_MS);
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ attempt: 1, state: 'Failed', reason: 'SpecChanged' });
    expect([world.run.attempt, injections(world).length]).toEqual([2, 1]);
  });

  it('the operator refuses an attempt raised before the policy on requesters came into force', () => {
    const world = World.running({ ttl: '1h' });
    world.edit({ attempt: 2 });
    world.settle();
    world.pass(60 * SECOND);
    world.authority = { kind: 'inForce', since: world.now };
    world.pass(60 * SECOND);
    world.ends({ exitCode: 0 });
    world.settle();
    expect([world.phase, world.run.attempt, world.run.reason]).toEqual(['Failed', 2, 'AdmissionPolicyMissing']);
  });
});
