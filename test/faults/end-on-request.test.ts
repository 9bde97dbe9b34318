import { beforeAll, describe, expect, it } from '@jest/globals';
import { kills } from './kills.ts';
import { cancel, remove } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

describe.each([
  ['a cancelled session', cancel],
  ['a deleted session', remove],
])('%s', (words, scenario) => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(scenario);
  });

  it(`the operator ends the container of ${words} with one exec and three requests around it`, () => {
    expect(clean.broken).toEqual([]);
    expect(clean.writes.slice(4)).toEqual([
      'PUT debugsessions/status',
      'CONNECT pods/exec',
      'PUT debugsessions/status',
      'PATCH debugsessions',
    ]);
  });

  it(`the operator ends the container of ${words} whichever request it is killed at`, async () => {
    expect(await playAll(scenario, kills(clean.writes), clean)).toEqual([]);
  });
});
