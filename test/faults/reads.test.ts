import { beforeAll, expect, it } from '@jest/globals';
import { someWrongReads } from './answers.ts';
import { inject } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(inject);
});

it('the operator injects one container whatever it is answered to a question', async () => {
  const reads = [...new Set(clean.reads)];
  expect(await playAll(inject, { faults: someWrongReads(reads), clean })).toEqual([]);
});
