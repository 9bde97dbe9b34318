import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/api/canonical-json.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, shuffled(field)]),
  );
}

it('the canonical JSON is equal for equal values in any order of keys, and different for different values', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(canonicalJson(shuffled(one))).toBe(canonicalJson(one));
      const same = JSON.stringify(JSON.parse(canonicalJson(one))) === JSON.stringify(JSON.parse(canonicalJson(other)));
      expect(canonicalJson(one) === canonicalJson(other)).toBe(same);
    }),
  );
});

it('the canonical JSON leaves out fields without a value', () => {
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
});
