import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { collect } from '../../support/fakes/collect.ts';
import { splitLines } from '../../../src/kube/json-lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const size = sizes.length > 0 ? (sizes[i % sizes.length] ?? 1) : bytes.length;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function linesOf(text: string, sizes: readonly number[], max = 1000): Promise<string[]> {
  return collect(splitLines(chunksOf(Buffer.from(text), sizes), max));
}

describe('splitLines', () => {
  it('splitLines gives the same lines however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.array(fc.integer({ min: 1, max: 5 })),
        async (objects, sizes) => {
          const lines = objects.map((object) => JSON.stringify(object));
          expect(await linesOf(lines.join('\n'), sizes, 10_000)).toEqual(lines);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('splitLines leaves out empty lines and keeps an unfinished last line', async () => {
    expect(await linesOf('{}\r\n\n{"a":1}', [3])).toEqual(['{}', '{"a":1}']);
  });

  it('splitLines refuses a line without end', async () => {
    await expect(linesOf('x'.repeat(101), [7], 100)).rejects.toThrow(RangeError);
    expect(await linesOf(`${'x'.repeat(99)}\n${'y'.repeat(99)}\n`, [7], 100)).toHaveLength(2);
  });
});
