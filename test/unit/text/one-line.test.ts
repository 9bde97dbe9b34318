import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { errorMessage } from '../../../src/runtime/error-message.ts';
import { cutToBytes } from '../../../src/text/cut-to-bytes.ts';
import { oneLine } from '../../../src/text/one-line.ts';

it('oneLine makes one printable line', () => {
  expect(oneLine(' a\r\n\u001b[31mb\u202e\u2028c \u0000')).toBe('a [31mb c');
});

it('cutToBytes cuts between characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 50 }), (words, max) => {
      const cut = cutToBytes(words, max);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
      expect(cut).not.toContain('\ufffd');
      expect(words.startsWith(cut.replace(/\.\.\.$/, ''))).toBe(true);
    }),
  );
  expect(cutToBytes('ümlaut', 7)).toBe('ümlaut');
});

it('errorMessage finds words in any thrown value', () => {
  expect(errorMessage(new Error('a\nb'))).toBe('a b');
  expect(errorMessage(new AggregateError([new Error('connect ECONNREFUSED ::1')]))).toBe('connect ECONNREFUSED ::1');
  expect(errorMessage(new TypeError(''))).toBe('TypeError');
  expect(errorMessage('words')).toBe('words');
  expect(errorMessage('')).toBe('an empty error');
});
