import { describe, expect, it } from '@jest/globals';
import { pool } from '../../../bench/rig/pool.ts';
import { replay, type LifeNames } from '../../../bench/parts/recorded-life.ts';
import { median, percentile, spread } from '../../../bench/report/statistics.ts';

// A benchmark that reckons wrongly is worse than none.

describe('statistics', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('the percentile %d of 1 to 100, in any order, is %d', (part, expected) => {
    expect(percentile(hundred, part)).toBe(expected);
  });

  it('the statistics sort by number, not by text', () => {
    expect(percentile([9, 10, 100], 1)).toBe(100);
    expect(median([9, 10, 100])).toBe(10);
  });

  it('the median of an even number of samples is the mean of the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('the median and the percentile of no samples are not a number', () => {
    expect(median([])).toBeNaN();
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('the spread is the smallest and the largest sample', () => {
    expect(spread([3, 1, 2])).toEqual({ min: 1, max: 3 });
  });
});

describe('pool', () => {
  it('the pool does each piece once, and never more at a time than allowed', async () => {
    const done: number[] = [];
    let [running, most] = [0, 0];
    await pool(10, 3, async (index) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(index);
    });
    expect(done.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(3);
  });

  it('the pool fails with the first failure, and begins nothing after it', async () => {
    const begun: number[] = [];
    const work = async (index: number): Promise<void> => {
      begun.push(index);
      await Promise.resolve();
      if (index === 1) throw new Error('second');
    };
    await expect(pool(100, 2, work)).rejects.toThrow('second');
    expect(begun.length).toBeLessThan(5);
  });
});

it('the replay of a recorded text replaces every name', () => {
  const from: LifeNames = {
    namespace: 'ns-a',
    session: 'recorded-session',
    sessionUID: 'uid-1',
    pod: 'recorded-pod',
    podUID: 'uid-2',
    container: 'debug-1',
  };
  const to: LifeNames = { namespace: 'ns-b', session: 's', sessionUID: 'u1', pod: 'p', podUID: 'u2', container: 'c' };
  const text = JSON.stringify({ ...from, attach: 'kubectl -n ns-a attach recorded-pod -c debug-1' });
  expect(replay(text, from, to)).toEqual({ ...to, attach: 'kubectl -n ns-b attach p -c c' });
});
