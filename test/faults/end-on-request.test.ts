import { beforeAll, describe, expect, it } from '@jest/globals';
import { answers } from './answers.ts';
import { kills } from './kills.ts';
import { cancel, remove } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

/** The writes before are those of the injection. */
const FIRST = 5;

describe.each([
  ['a cancelled session', cancel, FIRST],
  // It is ended as a cancelled one: the last write is another one.
  ['a deleted session', remove, 8],
] as const)('%s', (words, scenario, fromAnswer) => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(scenario);
  });

  it(`the operator ends the container of ${words} with one exec and three requests around it`, () => {
    expect(clean.broken).toEqual([]);
    expect(clean.writes.slice(FIRST - 1)).toEqual([
      'PUT debugsessions/status',
      'CONNECT pods/exec',
      'PUT debugsessions/status',
      'PATCH debugsessions',
    ]);
  });

  it(`the operator ends the container of ${words} whichever request it is killed at`, async () => {
    expect(await playAll(scenario, { faults: kills(clean.writes, FIRST), clean })).toEqual([]);
  });

  it(`the operator ends the container of ${words} whatever it is answered`, async () => {
    expect(await playAll(scenario, { faults: answers(clean.writes, fromAnswer), clean })).toEqual([]);
  });
});
