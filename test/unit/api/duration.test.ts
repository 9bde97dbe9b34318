import { describe, expect, it } from '@jest/globals';
import { MAX_DURATION_MS, parseDuration } from '../../../src/api/duration.ts';

describe('durations (GEP-2257)', () => {
  it.each([
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['90m', 5_400_000],
    ['1s500ms', 1_500],
    ['0s', 0],
    ['8760h', MAX_DURATION_MS],
  ])('the duration parser reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '30', 'm', '1.5h', '-1m', '1d', ' 1m', '1m ', '1m\n', '100000s', '1h1h1h1h1h', '1µs', '१m'])(
    'the duration parser refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(/not a duration such as 30m/);
    },
  );
});
