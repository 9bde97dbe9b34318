import { beforeAll, expect, it } from '@jest/globals';
import { answers } from './answers.ts';
import { kills } from './kills.ts';
import { inject } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(inject);
});

it('the operator injects with four requests when nothing goes wrong', () => {
  expect(clean.broken).toEqual([]);
  expect(clean.writes).toEqual([
    'PATCH debugsessions',
    'PUT debugsessions/status',
    'PATCH pods/ephemeralcontainers',
    'PUT debugsessions/status',
  ]);
});

it('the operator injects one container whichever request it is killed at', async () => {
  expect(await playAll(inject, { faults: kills(clean.writes), clean })).toEqual([]);
});

it('the operator injects one container whatever it is answered', async () => {
  expect(await playAll(inject, { faults: answers(clean.writes), clean })).toEqual([]);
});
