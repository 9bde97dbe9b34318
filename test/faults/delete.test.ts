import { beforeAll, expect, it } from '@jest/globals';
import { kills } from './kills.ts';
import { remove } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(remove);
});

it('the operator ends the container of a deleted session before it lets go of it', () => {
  expect(clean.broken).toEqual([]);
  expect(clean.writes.slice(4)).toEqual([
    'PUT debugsessions/status',
    'CONNECT pods/exec',
    'PUT debugsessions/status',
    'PATCH debugsessions',
  ]);
});

it('the operator ends the container of a deleted session whichever request it is killed at', async () => {
  expect(await playAll(remove, kills(clean.writes), clean)).toEqual([]);
});
