import { expect, it } from '@jest/globals';
import { Avoidance } from '../../../src/reconcile/avoidance.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

it('the operator leaves alone for a minute what failed, and keeps what failed before', () => {
  const clock = new FakeClock();
  const avoidance = new Avoidance(clock);
  const avoided = (): boolean[] => ['nodes', 'metrics', 'others'].map((what) => avoidance.isAvoided(what));
  avoidance.avoid('nodes');
  clock.advance(20_000);
  avoidance.avoid('metrics');
  expect(avoided()).toEqual([true, true, false]);
  clock.advance(39_999);
  expect(avoided()).toEqual([true, true, false]);
  clock.advance(1);
  expect(avoided()).toEqual([false, true, false]);
  clock.advance(20_000);
  avoidance.avoid('others');
  expect(avoided()).toEqual([false, false, true]);
});
