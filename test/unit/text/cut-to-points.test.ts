import { expect, it } from '@jest/globals';
import { cutToPoints } from '../../../src/text/cut-to-points.ts';

it.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdefg', 6, 'abc...'],
  ['\u{1f600}\u{1f600}\u{1f600}\u{1f600}', 4, '\u{1f600}\u{1f600}\u{1f600}\u{1f600}'],
  ['\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}', 4, '\u{1f600}...'],
  ['', 5, ''],
])('cutToPoints cuts %j to %d code points', (text, max, cut) => {
  expect(cutToPoints(text, max)).toBe(cut);
});
