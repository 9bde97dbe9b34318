import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TARGETS } from '../../fuzz/targets/all.ts';

// A sample of `make fuzz`, without its search for new paths: seeds, and seeds that were cut, doubled and joined with
// characters that mean something to a reader or a terminal.

const SPICE = [
  '\u0000',
  '\n',
  '\r',
  '\u001b[',
  '\u001b]',
  '\u009b',
  '\u202e',
  '\ud800',
  '"',
  '{',
  '}',
  ':',
  '/',
  '@',
  '-1',
  '1e309',
  '__proto__',
  'é',
  '🐚',
];

/** A seed with some of its bytes replaced. */
function edited(seed: Buffer): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(seed.length),
    gone: fc.nat(8),
    put: fc.oneof(fc.constantFrom(...SPICE), fc.string({ unit: 'binary', maxLength: 6 })),
  });
  return fc
    .array(edit, { maxLength: 5 })
    .map((edits) =>
      edits.reduce(
        (text, { at, gone, put }) => Buffer.concat([text.subarray(0, at), Buffer.from(put), text.subarray(at + gone)]),
        seed,
      ),
    );
}

describe.each(TARGETS)('$name', (target) => {
  const seeds = target.seeds.map((seed) => Buffer.from(seed));

  it.each(seeds)('the reader keeps its promises for seed %#', (seed) => {
    expect(() => target.run(seed)).not.toThrow();
  });

  it('the reader keeps its promises for any bytes and for changed seeds', () => {
    const inputs = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      ...seeds.map((seed) => edited(seed)),
    );
    fc.assert(
      fc.property(inputs, (input) => target.run(input)),
      { numRuns: 500, seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_129) },
    );
  });
});
