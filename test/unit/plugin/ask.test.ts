import { PassThrough } from 'node:stream';
import { expect, it } from '@jest/globals';
import { askFirst, askYes } from '../../../src/plugin/ask.ts';
import type { Desk } from '../../../src/plugin/desk.ts';

function deskWith(typed: string): Desk {
  const stdin = new PassThrough();
  stdin.write(`${typed}\n`);
  return { stdin, stderr: new PassThrough() } as unknown as Desk;
}

it.each([
  ['', true, false],
  ['y', true, true],
  [' Yes ', true, true],
  ['n', false, false],
  ['exit', false, false],
  ['yesterday', false, false],
])('the answer %j is yes by default: %p, and otherwise: %p', async (typed, byDefault, otherwise) => {
  expect(await askYes(deskWith(typed), 'Cancel it?')).toBe(byDefault);
  expect(await askFirst(deskWith(typed), 'Delete it?')).toBe(otherwise);
});
