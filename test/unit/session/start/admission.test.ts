import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import { World } from '../../../support/world/world.ts';
import { ARRIVED_MS, NOON } from '../../../support/builders/builders.ts';

// Nothing is injected for a session of which it is not certain who asked (fail closed).

const SECOND = 1_000;

it('the run and the event record the requester', () => {
  const world = new World({ requestedBy: { username: 'dana', uid: '7', groups: ['devs'] } });
  world.settle();
  expect(world.run.requestedBy).toEqual({ username: 'dana', uid: '7' });
  expect(world.events[0]?.note).toMatch(/^Injected container .* into pod web-1 for dana$/);
});

it.each(['the policy is gone', 'no requester is named'])(
  'the operator refuses a session for good where %s',
  (words) => {
    const world = new World();
    if (words === 'no requester is named') delete world.session.spec.requestedBy;
    else world.authority = { kind: 'missing', message: 'there is no ValidatingAdmissionPolicy debugsession-requester' };
    world.settle();
    expect([world.phase, world.condition('Accepted'), world.told]).toEqual([
      'Failed',
      'False AdmissionPolicyMissing',
      ['Rejected'],
    ]);
    expect(world.effects.filter((effect) => effect.startsWith('inject'))).toEqual([]);
    world.authority = { kind: 'inForce', since: NOON - 3_600 * SECOND };
    world.settle();
    expect(world.phase).toBe('Failed');
  },
);

describe('a session created before the policy on requesters was in force', () => {
  it.each([
    ['before the policy was made', 60 * SECOND],
    ['while the policy was not in force everywhere yet', -4 * SECOND],
  ])('a session created %s is refused also once the policy is in force', (_words, after) => {
    const world = new World();
    world.authority = { kind: 'inForce', since: NOON + after };
    world.pass(120 * SECOND);
    world.settle();
    expect([world.phase, world.condition('Accepted')]).toEqual(['Failed', 'False AdmissionPolicyMissing']);
    expect(world.message('Accepted')).toMatch(/raise spec.attempt to ask again/);
  });

  it.each([
    ['is judged at once', { kind: 'inForce', since: NOON + 60 * SECOND }],
    ['has to wait before it is judged', { kind: 'unread', message: 'connection refused' }],
  ] as const)('an attempt raised after the policy came into force starts where that attempt %s', (_, first) => {
    const world = World.running({ ttl: '1h' });
    const since = NOON + 60 * SECOND;
    world.pass(120 * SECOND);
    // By the node's clock it ended an hour ago.
    world.ends({ finishedAt: toTimestamp(world.now - 3_600 * SECOND) });
    world.settle();
    world.authority = first;
    world.edit({ attempt: 2 });
    world.settle();
    world.authority = { kind: 'inForce', since };
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });

  it('the operator refuses an attempt whose only sign of a later request is a node clock that runs ahead', () => {
    const world = World.running({ ttl: '1h' });
    world.ends({ finishedAt: toTimestamp(world.now + 3_600 * SECOND) });
    world.settle();
    world.edit({ attempt: 2 });
    world.authority = { kind: 'inForce', since: world.now + 60 * SECOND };
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Failed', 2]);
  });

  it('a session created before the policy on requesters starts with an attempt raised under the policy', () => {
    const world = new World();
    world.authority = { kind: 'inForce', since: NOON + 60 * SECOND };
    world.pass(120 * SECOND);
    world.settle();
    world.edit({ attempt: 2 });
    world.settle();
    expect([world.phase, world.run.attempt]).toEqual(['Starting', 2]);
  });
});

it('a session waits while the operator cannot read the policy on requesters, and starts once it can', () => {
  const world = new World();
  world.authority = { kind: 'unread', message: 'connection refused' };
  world.settle();
  expect([world.phase, world.condition('Accepted'), world.message('Reconciling')]).toEqual([
    'Pending',
    'Unknown AdmissionPolicyMissing',
    'The requester is not known: connection refused',
  ]);
  world.authority = { kind: 'inForce', since: NOON - 60 * SECOND };
  world.settle();
  expect([world.phase, world.condition('Accepted')]).toEqual(['Starting', 'True Accepted']);
});

it('an acceptance holds while the session waits for its pod, until the policy on requesters changes', () => {
  const [same, changed] = [new World(), new World()];
  for (const world of [same, changed]) {
    const { pod } = world;
    world.podGoes({ seen: false });
    world.settle();
    world.pod = pod;
    world.pass(60 * SECOND);
  }
  changed.authority = { kind: 'inForce', since: NOON + 30 * SECOND };
  for (const world of [same, changed]) world.settle();
  expect([same.phase, changed.phase]).toEqual(['Starting', 'Failed']);
});

it('the operator does not inject for an intent after the policy on requesters is gone', () => {
  const world = new World();
  while (world.phase !== 'Starting') world.step();
  world.authority = { kind: 'missing', message: 'there is no policy' };
  world.settle();
  // One may be under way that an operator has sent before it died.
  world.pass(ARRIVED_MS);
  world.settle();
  expect([world.phase, world.condition('StopConfirmed')]).toEqual(['Failed', 'True NothingToStop']);
  expect(world.effects.filter((effect) => effect.startsWith('inject'))).toEqual([]);
});

it('the event of an injection has the words of the requester apart, as the last words', () => {
  const world = new World({ justification: 'INC-4711', requestedBy: { username: 'dana', uid: '7' } });
  world.settle();
  expect(world.events[0]).toMatchObject({ reason: 'Injected', because: 'INC-4711' });
  expect(world.events[0]?.note).not.toContain('INC-4711');
});

it('a session without a requester starts under --insecure-no-identity, and its event says so', () => {
  const world = new World();
  delete world.session.spec.requestedBy;
  world.authority = { kind: 'waived' };
  world.settle();
  expect(world.phase).toBe('Starting');
  expect(world.events[0]?.note).toMatch(/^Injected container .* into pod web-1; requester unknown$/);
});

it('a running session goes on when the policy on requesters is gone', () => {
  const world = World.running();
  world.authority = { kind: 'missing', message: 'there is no policy' };
  world.settle();
  expect(world.phase).toBe('Running');
});

describe('an attempt that waits behind a failed one', () => {
  function heldBehind(since: number): World {
    const world = World.neverStarted();
    world.authority = { kind: 'inForce', since: world.now + since };
    world.edit({ attempt: 2 });
    world.settle();
    expect(world.condition('Accepted')).toBe('Unknown PreviousRunNotOver');
    world.pass(ARRIVED_MS);
    world.settle();
    return world;
  }

  it('an attempt that waited is refused where the policy changed a second before the attempt was raised', () => {
    const world = heldBehind(-SECOND);
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'AdmissionPolicyMissing']);
  });

  it('an attempt that waited is accepted where the policy was in force since before the first attempt', () => {
    const world = heldBehind(-70 * SECOND);
    expect([world.phase, world.run.attempt, world.condition('Accepted')]).toEqual(['Starting', 2, 'True Accepted']);
  });
});
