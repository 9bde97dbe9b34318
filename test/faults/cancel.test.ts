import { beforeAll, expect, it } from '@jest/globals';
import { kills } from './kills.ts';
import { cancel } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(cancel);
});

it('the operator ends a cancelled container with one exec and two requests around it when nothing goes wrong', () => {
  expect(clean.broken).toEqual([]);
  expect(clean.writes.slice(4)).toEqual([
    'PUT debugsessions/status',
    'CONNECT pods/exec',
    'PUT debugsessions/status',
    'PATCH debugsessions',
  ]);
});

it('the operator ends a cancelled container whichever request it is killed at', async () => {
  expect(await playAll(cancel, kills(clean.writes), clean)).toEqual([]);
});
