import { describe, expect, it } from '@jest/globals';
import type { PolicyLimits } from '../../../../src/api/debugpolicy.ts';
import type { Rules } from '../../../../src/session/look/rules.ts';
import type { Objection } from '../../../../src/session/look/objection.ts';
import { NO_OTHERS } from '../../../../src/session/look/places.ts';
import type { Plan } from '../../../../src/session/plan/effect.ts';
import { plan } from '../../../../src/session/plan/plan.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { intended } from '../../../support/world/lives.ts';
import { World } from '../../../support/world/world.ts';
import { ARRIVED_MS } from '../../../support/builders/builders.ts';

// A run whose intent is written: what stands against its injection, and what is said where the API server refuses it.

const SECOND = 1_000;
/** Until an injection that an operator sent before it died has arrived, to the end of its second. */
/** From the intent to the startTimeout of two minutes, to the end of its second. */
const DEADLINE = 120 * SECOND + 999;

function limited(limits: PolicyLimits): Rules {
  return { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, limits } } };
}

describe('what has changed since the intent', () => {
  it('a run whose policy cannot be read waits for it until its startTimeout, and is injected then', () => {
    const world = intended();
    world.rules = { ...OPEN_RULES, policy: { kind: 'unread', message: 'no' } };
    world.pass(ARRIVED_MS);
    expect([world.settle(), world.phase]).toEqual([DEADLINE - ARRIVED_MS, 'Starting']);
    world.rules = OPEN_RULES;
    world.settle();
    expect(world.effects).toContain(`inject ${world.run.debugContainerName}`);
  });

  it('a run that nobody injected in time says that no operator ran', () => {
    const world = intended();
    world.pass(DEADLINE);
    world.settle();
    expect([world.run.reason, world.run.message]).toEqual([
      'StartTimeout',
      'The container was not injected within 2m. The operator did not run',
    ]);
  });

  it('a run fails where its pod has as many debug containers by now as its policy allows', () => {
    const world = intended();
    world.rules = limited({ containersPerPod: 1 });
    world.inject('by-hand', 'somebody');
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'TooManyEphemeralContainers']);
  });

  it('a run fails where another session of its requester took the last place in the pod', () => {
    const world = intended();
    world.rules = limited({ perUserPerPod: 1 });
    const place = { uid: 'other', namespace: 'shop', user: 'dana', podName: 'web-1' };
    world.others = { ...NO_OTHERS, taken: () => [place] };
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'LimitReached']);
    expect(world.run.message).toMatch(/^Other sessions were faster: .*limits\.perUserPerPod to 1/);
  });

  it('a cancelled run stays as it is while the operator cannot look at its pod', () => {
    const world = intended();
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    world.edit({ cancel: true });
    world.pass(ARRIVED_MS);
    const before = world.session;
    expect([world.settle(), world.session]).toEqual([undefined, before]);
  });

  it('the operator injects an accepted run although it has not read the admission policy yet', () => {
    const world = intended();
    const { session, now, rules } = world;
    expect(plan({ session, sighting: world.sighting(), now, rules }).effect.kind).toBe('inject');
  });
});

describe('an injection that the API server refuses', () => {
  const REFUSED: Objection = { finality: 'later', reason: 'ApiUnavailable', message: 'HTTP 503: not ready' };

  /** The next step of an operator that knows of the refusal. */
  function step(world: World, refused?: Objection): Plan {
    const { session, now, authority, rules } = world;
    const told = refused === undefined ? {} : { refused };
    const next = plan({ session, sighting: world.sighting(), now, authority, rules, ...told });
    world.apply(next);
    return next;
  }

  it('the operator does not write the first refusals of an injection', () => {
    const world = intended();
    world.pass(5 * SECOND - 1);
    expect(step(world, REFUSED).effect.kind).toBe('inject');
  });

  it('the operator writes why an injection takes long before it tries again', () => {
    const world = intended();
    world.pass(5 * SECOND);
    expect([step(world, REFUSED).effect.kind, world.condition('Injected')]).toEqual([
      'writeStatus',
      'False ApiUnavailable',
    ]);
    expect([step(world, REFUSED).effect.kind, world.message('Injected')]).toEqual(['inject', 'HTTP 503: not ready']);
  });

  it('a restarted operator keeps the words on a refusal until it knows better', () => {
    const world = intended();
    world.pass(5 * SECOND);
    step(world, REFUSED);
    expect([step(world).effect.kind, world.condition('Injected')]).toEqual(['inject', 'False ApiUnavailable']);
  });
});

describe('an injection that is tried later than 25 seconds after its intent', () => {
  /** The operator tries after each pause, and the answer of each injection is lost. */
  function tried(...pauses: number[]): World {
    const world = intended();
    for (const pause of pauses) {
      world.pass(pause);
      let step = world.look();
      for (; step.effect.kind === 'writeStatus'; step = world.look()) world.apply(step);
      world.effects.push(step.effect.kind);
    }
    return world;
  }

  it('the operator writes the intent again before it tries so late', () => {
    const world = tried(24 * SECOND, 2 * SECOND);
    expect(world.effects.slice(2)).toEqual(['inject', 'status Starting', 'inject']);
    expect(world.run).toMatchObject({ intendedAt: '2026-01-01T12:00:00Z', renewedAt: '2026-01-01T12:00:26Z' });
  });

  it('the operator injects after one renewal, and writes the next one 25 seconds later', () => {
    const world = tried(26 * SECOND, 25 * SECOND, SECOND);
    expect(world.effects.slice(2)).toEqual(['status Starting', 'inject', 'inject', 'status Starting', 'inject']);
    expect(world.run.renewedAt).toBe('2026-01-01T12:00:52Z');
  });

  it('a cancelled run is over when an injection after its last renewal has arrived', () => {
    const world = tried(34 * SECOND);
    world.edit({ cancel: true });
    expect([world.settle(), world.phase]).toEqual([ARRIVED_MS - 1, 'Starting']);
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Cancelled', 'True NothingToStop']);
  });

  it('a deleted session goes when an injection after its last renewal has arrived', () => {
    const world = tried(34 * SECOND);
    world.delete();
    expect([world.settle(), world.gone]).toEqual([ARRIVED_MS - 1, false]);
    world.pass(ARRIVED_MS);
    world.settle();
    expect(world.gone).toBe(true);
  });

  it('a run is given up at its startTimeout when its last injection has arrived', () => {
    const world = tried(118 * SECOND);
    world.pass(DEADLINE - 118 * SECOND);
    expect([world.settle(), world.phase]).toEqual([118 * SECOND + ARRIVED_MS - 1 - DEADLINE, 'Starting']);
    world.pass(ARRIVED_MS);
    world.settle();
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'StartTimeout']);
  });
});

describe('a pod whose copy is older than the injection', () => {
  /** The status says that the container is in the pod, and the copy of the pod does not show it. */
  function behind(): World {
    const world = new World();
    world.settle();
    world.pass(6 * SECOND);
    world.waits('ErrImagePull', 'no such image');
    world.settle();
    expect(world.run.injectedAt).toBeDefined();
    world.changePod((pod) => {
      pod.spec.ephemeralContainers = [];
      delete pod.status.ephemeralContainerStatuses;
    });
    return world;
  }

  it('the operator does not inject again where an old copy of the pod does not show the container', () => {
    const world = behind();
    const { effects } = world;
    const before = [...effects];
    expect([world.settle(), effects]).toEqual([DEADLINE - 6 * SECOND, before]);
  });

  it('an old copy of the pod fails no run at its startTimeout', () => {
    const world = behind();
    world.pass(DEADLINE - 6 * SECOND);
    expect([world.settle(), world.phase]).toEqual([undefined, 'Starting']);
  });
});
