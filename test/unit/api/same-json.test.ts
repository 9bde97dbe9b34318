import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/api/canonical-json.ts';
import { sameJson } from '../../../src/api/same-json.ts';

/** Small values of few names, so that two of them are often nearly the same. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 0, 1, 'a', ''),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.oneof(tie('any'), fc.constant(undefined)), {
      maxKeys: 3,
    }),
  ),
})).any;

it('sameJson gives the same answer as the canonical texts', () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(sameJson(one, other)).toBe(canonicalJson(one) === canonicalJson(other));
    }),
    { numRuns: 2_000 },
  );
});

it('sameJson compares values by their contents, in any order of names', () => {
  expect(sameJson({ a: [1, { b: 2 }], c: undefined }, { a: [1, { b: 2 }] })).toBe(true);
  expect(sameJson({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  expect(sameJson({ a: null }, {})).toBe(false);
  expect(sameJson([1], { 0: 1 })).toBe(false);
});
