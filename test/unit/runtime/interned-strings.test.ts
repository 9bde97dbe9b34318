import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InternedStrings } from '../../../src/runtime/interned-strings.ts';

describe('InternedStrings', () => {
  it('shared strings change no value of an object, whatever JSON it is', () => {
    const strings = new InternedStrings(8);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify([value]);
        const parsed = JSON.parse(text) as object;
        expect(strings.share(parsed)).toBe(parsed);
        expect(JSON.stringify(parsed)).toBe(text);
      }),
    );
  });

  it('the strings that are remembered stay within their limit', () => {
    const strings = new InternedStrings(10);
    const many = Array.from({ length: 100 }, (_, index) => `a name of its own ${index}`);
    expect(strings.share([...many])).toEqual(many);
    expect(strings.size).toBeGreaterThan(0);
    expect(strings.size).toBeLessThanOrEqual(10);
  });

  it('a key of __proto__ stays a key, as JSON.parse gives it', () => {
    const parsed = JSON.parse('{"__proto__":"a string of its own"}') as object;
    new InternedStrings().share(parsed);
    expect([Object.keys(parsed), Object.getPrototypeOf(parsed)]).toEqual([['__proto__'], Object.prototype]);
  });
});
