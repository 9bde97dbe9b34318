import { expect, it } from '@jest/globals';
import { parseQuantity } from '../../../src/api/quantity.ts';

it.each<[string | number, number]>([
  ['64Mi', 64 * 2 ** 20],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['100m', 0.1],
  ['123456789n', 0.123456789],
  ['17u', 17e-6],
  ['2', 2],
  [2, 2],
  ['1e3', 1000],
  ['1E3', 1000],
  ['12E', 12e18],
  ['.5', 0.5],
  ['128974848', 128_974_848],
  ['129M', 129e6],
])('the quantity %s is %d', (text, value) => {
  expect(parseQuantity(text)).toBeCloseTo(value, 9);
});

it.each([['', 'Mi', '64mi', '64 Mi', '1e3Mi', '0x10', '--1', 'toString', '1constructor', null, undefined, {}]].flat())(
  '%j is no quantity',
  (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);
