import { expect, it } from '@jest/globals';
import { World } from '../../../support/world/world.ts';

const SAMPLED = { attempt: 1, bytes: 12_345_678, samples: 4 };

it('the highest sample is written with the end of a run and not before', () => {
  const world = World.running();
  world.sampled = SAMPLED;
  const before = world.effects.length;
  world.settle();
  expect([world.effects.length, world.run.peakMemory]).toEqual([before, undefined]);
  world.ends();
  world.settle();
  expect(world.run.peakMemory).toEqual({ bytes: 12_345_678, samples: 4 });
});

it('a run whose pod is gone has it too', () => {
  const world = World.running();
  world.sampled = SAMPLED;
  world.podGoes({ seen: false });
  world.settle();
  expect(world.run).toMatchObject({ endedBy: 'PodGone', peakMemory: { samples: 4 } });
});

it.each([
  ['without a sample', undefined],
  ['of another attempt', { ...SAMPLED, attempt: 2 }],
])('the memory of a run %s is not guessed', (_, sampled) => {
  const world = World.running();
  world.sampled = sampled;
  world.ends();
  world.settle();
  expect(world.run).toMatchObject({ state: 'Ended' });
  expect(world.run).not.toHaveProperty('peakMemory');
});

it('a run that never ran has none', () => {
  const world = new World();
  world.sampled = SAMPLED;
  world.settle();
  world.edit({ cancel: true });
  world.waits('ContainerCreating');
  world.settle();
  expect(world.run).toMatchObject({ state: 'Failed' });
  expect(world.run).not.toHaveProperty('peakMemory');
});
