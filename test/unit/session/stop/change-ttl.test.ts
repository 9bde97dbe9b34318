import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec, Run } from '../../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import type { ActionOutcome, Actions } from '../../../../src/session/look/actions.ts';
import type { Rules } from '../../../../src/session/look/rules.ts';
import type { Situation } from '../../../../src/session/look/situation.ts';
import { nextTtlStep } from '../../../../src/session/stop/change-ttl.ts';
import { OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// A user changes spec.ttl while the container runs.

/** A session that runs, has no stdin, and whose ttl the user then changes. */
function changed(ttl: string, spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.running({ command: ['sleep', '1d'], ttl: '10m', ...spec });
  world.edit({ ttl });
  return world;
}

/** What is known of it: nothing was done to the container, unless told. */
function seen({ session, now, rules }: World, actions?: Actions): Situation {
  return { session, now, rules, sighting: { kind: 'gone' }, ...(actions && { actions }) };
}

function without(key: keyof Run, run: Run): Run {
  const rest = { ...run };
  delete rest[key];
  return rest;
}

/** The operator has written down that the container is to be told, and tells it. */
function telling(): World {
  const world = changed('20m');
  world.settle();
  expect(world.actions.underWay).toBe('Ttl');
  return world;
}

describe('a container that could not be told of its ttl', () => {
  it('the operator tells the ttl again after 5 s to a container that its node did not find running', () => {
    const world = telling();
    world.tried({ kind: 'notRunning', message: 'container not found' });
    expect([world.settle(), world.actions.underWay]).toEqual([5_000, undefined]);
    world.pass(4_999);
    expect([world.settle(), world.actions.underWay]).toEqual([1, undefined]);
    world.pass(1);
    world.settle();
    expect(world.actions.underWay).toBe('Ttl');
  });

  it.each<[string, ActionOutcome, string]>([
    ['may not tell it', { kind: 'forbidden', message: 'it needs create on pods/exec' }, 'it needs create on pods/exec'],
    ['cannot tell it', { kind: 'impossible', message: 'it has no supervisor' }, 'it has no supervisor'],
  ])(
    'the operator tells the ttl once, and an event says why it does not apply, where it %s',
    (_words, outcome, why) => {
      const world = telling();
      const told = world.told.length;
      world.tried(outcome);
      expect(world.settle()).toBe(606_000);
      expect(world.told.slice(told)).toStrictEqual(['TtlChangeRefused']);
      expect(world.message('Running')).toContain(`ttl 20m does not apply to it: ${why}`);
      world.pass(60_000);
      world.settle();
      expect(world.actions.underWay).toBeUndefined();
    },
  );

  it('the status says that a container gave no answer, and the operator tells it again', () => {
    const world = telling();
    world.tried({ kind: 'survived', processes: 1 });
    expect(world.settle()).toBe(5_000);
    expect(world.message('Running')).toContain('ttl 20m does not apply to it: the container gave no answer');
  });
});

describe('a longer ttl', () => {
  it('the operator tells nobody of a ttl before the supervisor knows it', () => {
    const world = changed('20m');
    const told = world.told.length;
    world.settle();
    expect(world.told.slice(told)).toStrictEqual([]);
    expect(world.run).toMatchObject({ wantedTtl: '20m', effective: { ttl: '10m' } });
    world.tried({ kind: 'told' });
    world.settle();
    expect(world.told.slice(told)).toStrictEqual(['TtlChanged']);
  });

  it.each<[string, Rules | undefined]>([
    ['nobody has read', undefined],
    ['does not exist', { ...OPEN_RULES, policy: { kind: 'absent' } }],
    ['cannot be read', { ...OPEN_RULES, policy: { kind: 'unread', message: 'HTTP 500' } }],
  ])('the operator gives no longer ttl to a run whose policy %s', (_words, rules) => {
    const world = changed('20m');
    const situation = seen(world);
    if (rules === undefined) delete situation.rules;
    else situation.rules = rules;
    const note = 'its policy does not exist or cannot be read';
    expect(nextTtlStep(situation, world.run)).toEqual({ kind: 'wait', ttl: '20m', note });
  });
});

describe('the next step of a changed ttl', () => {
  const wanted = (): { world: World; run: Run } => {
    const world = telling();
    return { world, run: world.run };
  };
  const tried = (world: World, outcome: ActionOutcome): Actions => ({
    tried: { Ttl: { outcome, at: world.now - 5_000, times: 1, ttl: '20m' } },
  });

  it('the operator tells the ttl where it has done nothing to the container since it started', () => {
    const { world, run } = wanted();
    expect(nextTtlStep(seen(world), run)).toEqual({ kind: 'tell', ttl: '20m' });
  });

  it('the operator waits for what is under way before it tells the ttl', () => {
    const { world, run } = wanted();
    expect(nextTtlStep(seen(world, { tried: {}, underWay: 'Ttl' }), run)).toEqual({ kind: 'wait', ttl: '20m' });
  });

  it('the operator tells the ttl again, also where it has written why the last try failed', () => {
    const { world, run } = wanted();
    const actions = tried(world, { kind: 'failed', message: 'HTTP 500' });
    expect(nextTtlStep(seen(world, { ...actions, isSaid: true }), run)).toEqual({ kind: 'tell', ttl: '20m' });
  });

  it('the operator does nothing for a ttl that is the same', () => {
    const world = changed('600s');
    expect(nextTtlStep(seen(world), world.run)).toEqual({ kind: 'same' });
  });

  it('the operator does nothing for a run whose record does not say with what it was started', () => {
    const { world, run } = wanted();
    expect(nextTtlStep(seen(world), without('effective', run))).toEqual({ kind: 'same' });
  });

  it.each<keyof Run>(['startBy', 'lastMoment'])('the operator moves no last moment of a run without %s', (field) => {
    const world = changed('20m');
    const run = without(field, world.run);
    expect(nextTtlStep(seen(world), run)).toStrictEqual({
      kind: 'write',
      run: { ...run, wantedTtl: '20m' },
      events: [],
    });
  });

  it('the operator changes nothing of a run that has no deadline although the supervisor knows the ttl', () => {
    const { world, run } = wanted();
    const actions = tried(world, { kind: 'told' });
    expect(nextTtlStep(seen(world, actions), without('expiresAt', run))).toEqual({ kind: 'same' });
    const expiresAt = toTimestamp(Date.parse(run.startedAt ?? '') + 1_200_000);
    expect(nextTtlStep(seen(world, actions), run)).toMatchObject({ kind: 'write', run: { expiresAt } });
  });
});
