import { describe, expect, it } from '@jest/globals';
import { certainGrowth, lineThrough } from '../../soak/growth.ts';

describe('lineThrough', () => {
  it('the line through points of a line is that line, without an error', () => {
    const line = lineThrough([0, 1, 2, 5].map((hours) => ({ hours, value: 7 + 3 * hours })));
    expect(line.perHour).toBeCloseTo(3);
    expect(line.error).toBeCloseTo(0);
  });

  it('the line through scattered points has the slope and the error of a textbook', () => {
    // Residuals -0.5, 1 and -0.5 around 0.5 + 0.5 x: variance 1.5 for one degree of freedom, spread 2.
    const { perHour, error } = lineThrough([0, 2, 1].map((value, hours) => ({ hours, value })));
    expect(perHour).toBeCloseTo(0.5);
    expect(error).toBeCloseTo(Math.sqrt(0.75));
  });

  it('too few points, or points of one moment, are refused', () => {
    expect(() => lineThrough([{ hours: 0, value: 1 }])).toThrow('too few');
    const same = [1, 2, 3].map((value) => ({ hours: 1, value }));
    expect(() => lineThrough(same)).toThrow('one moment');
  });
});

describe('certainGrowth', () => {
  it('the certain growth is two standard errors below the line', () => {
    expect(certainGrowth({ perHour: 3, error: 0.5 })).toBe(2);
  });
});
