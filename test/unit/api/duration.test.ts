import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, MAX_DURATION_MS, parseDuration } from '../../../src/api/duration.ts';

describe('durations (GEP-2257)', () => {
  it.each([
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['90m', 5_400_000],
    ['1s500ms', 1_500],
    ['0s', 0],
    ['8760h', MAX_DURATION_MS],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '30', 'm', '1.5h', '-1m', '1d', ' 1m', '1m ', '1m\n', '100000s', '1h1h1h1h1h', '1µs', '१m'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(/not a duration such as 30m/);
    },
  );

  it('writes what it reads, for every number of milliseconds of a year', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), (ms) => parseDuration(formatDuration(ms)) === ms),
    );
  });

  it('refuses to write fractions and negative numbers', () => {
    expect(() => formatDuration(0.5)).toThrow(RangeError);
    expect(() => formatDuration(-1)).toThrow(RangeError);
  });
});
