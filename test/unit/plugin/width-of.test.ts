import { expect, it } from '@jest/globals';
import { widthOf } from '../../../src/plugin/width-of.ts';

it.each([
  ['a terminal of 60 letters', { isTTY: true, columns: 60 }, 60],
  ['a terminal that says 0', { isTTY: true, columns: 0 }, undefined],
  ['a terminal that does not say', { isTTY: true }, undefined],
  ['a file', { columns: 60 }, undefined],
])('widthOf knows the width of %s', (_, stream, width) => {
  expect(widthOf(stream)).toBe(width);
});
