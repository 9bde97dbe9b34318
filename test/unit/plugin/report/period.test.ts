import { describe, expect, it } from '@jest/globals';
import { UsageFault } from '../../../../src/plugin/fault.ts';
import { readPeriod } from '../../../../src/plugin/report/period.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

function at(timestamp: string): number {
  return Date.parse(timestamp);
}

describe('the period of a report', () => {
  it('the period has no beginning and ends now where the user names neither', () => {
    expect(readPeriod({}, NOW)).toEqual({ until: NOW });
  });

  it.each([
    ['30d', '2026-10-29T12:00:00Z'],
    ['2w', '2026-11-14T12:00:00Z'],
    ['1d12h', '2026-11-27T00:00:00Z'],
    ['90m', '2026-11-28T10:30:00Z'],
    ['45s', '2026-11-28T11:59:15Z'],
    ['2026-11-01', '2026-11-01T00:00:00Z'],
    ['2026-11-01T09:30:00Z', '2026-11-01T09:30:00Z'],
    ['2026-11-01T09:30+02:00', '2026-11-01T07:30:00Z'],
  ])('the period begins at --since %s', (since, begin) => {
    expect(readPeriod({ since }, NOW)).toEqual({ since: at(begin), until: NOW });
  });

  it('the period has the whole day of an --until that is a date', () => {
    expect(readPeriod({ since: '2026-11-01', until: '2026-11-01' }, NOW)).toEqual({
      since: at('2026-11-01T00:00:00.000Z'),
      until: at('2026-11-01T23:59:59.999Z'),
    });
  });

  it.each([
    ['a number without a unit', '30'],
    ['a month', '1mo'],
    ['a negative age', '-3d'],
    ['a day that the month has not', '2026-02-30'],
    ['a time without a zone', '2026-11-01T09:30:00'],
    ['a word', 'yesterday'],
    ['an empty text', ''],
    ['an age of more digits than a clock has', '99999999d'],
  ])('the report refuses %s as a time, and says which times it takes', (_, since) => {
    expect(() => readPeriod({ since }, NOW)).toThrow(/^--since must be an age such as 30d, 2w or 12h, a date/);
    expect(() => readPeriod({ until: since }, NOW)).toThrow(UsageFault);
  });

  it('the fault of a time shows no control character that the user typed', () => {
    expect(() => readPeriod({ since: '1d\u001b[2J' }, NOW)).toThrow(/not "1d \[2J"$/);
  });

  it('the report refuses a period that ends before it begins', () => {
    expect(() => readPeriod({ since: '1d', until: '2d' }, NOW)).toThrow(/ends before it begins/);
  });
});
