import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InternedStrings } from '../../../src/runtime/interned-strings.ts';

describe('InternedStrings', () => {
  it('a copy equals the original, whatever JSON it is, and shares no object with it', () => {
    const strings = new InternedStrings(8);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const original = JSON.parse(text) as unknown;
        const copy = strings.copy(original);
        expect(JSON.stringify(copy)).toBe(text);
        expect(JSON.stringify(original)).toBe(text);
        if (typeof original === 'object' && original !== null) expect(copy).not.toBe(original);
      }),
    );
  });

  it('the strings that are remembered stay within their limit', () => {
    const strings = new InternedStrings(10);
    const many = Array.from({ length: 100 }, (_, index) => `a name of its own ${index}`);
    expect(strings.copy(many)).toEqual(many);
    expect(strings.size).toBeGreaterThan(0);
    expect(strings.size).toBeLessThanOrEqual(10);
  });

  it('a copy has a key of __proto__ as its own, as JSON.parse gives it', () => {
    const original = JSON.parse('{"__proto__":{"a":1}}') as object;
    expect(Object.keys(new InternedStrings().copy(original))).toEqual(['__proto__']);
  });
});
