import { beforeAll, expect, it } from '@jest/globals';
import { answers } from './answers.ts';
import { kills } from './kills.ts';
import { expire } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

/** The writes before are those of the injection. */
const FIRST = 5;

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(expire);
});

it('the operator needs two requests more for a session that expires', () => {
  expect(clean.broken).toEqual([]);
  expect(clean.writes.slice(FIRST - 1)).toEqual(['PUT debugsessions/status', 'PATCH debugsessions']);
});

it('a session expires alike whichever request the operator is killed at', async () => {
  expect(await playAll(expire, { faults: kills(clean.writes, FIRST), clean })).toEqual([]);
});

it('a session expires alike whatever the operator is answered', async () => {
  expect(await playAll(expire, { faults: answers(clean.writes, FIRST), clean })).toEqual([]);
});
