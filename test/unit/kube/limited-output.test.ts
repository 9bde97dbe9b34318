import { expect, it } from '@jest/globals';
import { LimitedOutput } from '../../../src/kube/limited-output.ts';

it('a limited output keeps its number of bytes in whole characters, and tells that there was more', () => {
  const output = new LimitedOutput(4);
  output.push(Buffer.from('a'));
  output.push(Buffer.from('ü'));
  expect([output.text(), output.isOver]).toEqual(['aü', false]);
  output.push(Buffer.from('ü'));
  expect([output.text(), output.isOver]).toEqual(['aü', true]);
});

it('a limited output is not over at its bound', () => {
  const output = new LimitedOutput(4);
  output.push(Buffer.from('four'));
  output.push(Buffer.alloc(0));
  expect([output.text(), output.isOver]).toEqual(['four', false]);
});
