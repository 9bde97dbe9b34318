import { expect, it } from '@jest/globals';
import { judge, type Full, type Judged } from '../../soak/verdict.ts';

/** Forty samples in 20 minutes, with some noise. */
function samples(change: (index: number) => Partial<Full>): Full[] {
  return Array.from({ length: 40 }, (_, index) => ({
    at: new Date(30_000 * index).toISOString(),
    heap: 15 + 0.05 * (index % 3),
    resident: 90 + (index % 7),
    sockets: 10 + (index % 4),
    timers: 20 + (index % 5),
    listeners: 30 + (index % 2),
    watches: 9 + (index % 3),
    ...change(index),
  }));
}

function missed(judged: readonly Judged[]): string[] {
  return judged.filter(({ met }) => met === false).map(({ figure }) => figure);
}

it('a goal is met by figures that only go up and down', () => {
  expect(
    missed(
      judge(
        'leader',
        samples(() => ({})),
      ),
    ),
  ).toEqual([]);
});

it.each([
  ['heap, MB', (index: number) => ({ heap: 15 + 0.05 * (index % 3) + (2 * index) / 120 })],
  ['sockets', (index: number) => ({ sockets: 10 + (index % 4) + Math.floor(index / 5) })],
  ['timers', (index: number) => ({ timers: 20 + (index % 5) + Math.floor(index / 5) })],
  ['abort listeners', (index: number) => ({ listeners: 30 + index })],
  ['watches', (index: number) => ({ watches: 9 + (index % 3) + Math.floor(index / 5) })],
])('the verdict on growing %s is no', (figure, change) => {
  expect(missed(judge('leader', samples(change)))).toEqual([figure]);
});

it('resident memory has no goal, and growth that may be chance is no miss', () => {
  const noisy = samples((index) => ({ resident: 90 + index, heap: 15 + (index % 2) + index / 120 }));
  const judged = judge('leader', noisy);
  expect(missed(judged)).toEqual([]);
  expect(judged.find(({ figure }) => figure.startsWith('resident'))?.met).toBeUndefined();
});
