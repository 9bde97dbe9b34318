import { expect, it } from '@jest/globals';
import { backoffDelay } from '../../../src/runtime/backoff.ts';

it('the backoff doubles up to the cap and jitters downwards only', () => {
  const plain = { baseMs: 5, capMs: 100, random: () => 0 };
  expect([1, 2, 3, 4, 5, 6, 7, 5000].map((n) => backoffDelay(n, plain))).toEqual([5, 10, 20, 40, 80, 100, 100, 100]);
  expect(backoffDelay(3, { ...plain, random: () => 0.999 })).toBeCloseTo(10, 0);
  expect(backoffDelay(3, { ...plain, jitter: 0, random: () => 0.999 })).toBe(20);
});
