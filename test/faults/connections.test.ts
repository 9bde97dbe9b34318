import { beforeAll, describe, expect, it } from '@jest/globals';
import { connectionFaults } from './connections.ts';
import { cancel, inject } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

describe.each([
  // The writes of the injection come in each scenario, and are struck in one.
  ['injects one container', inject, 1],
  ['ends a container', cancel, 5],
] as const)('the operator %s', (words, scenario, from) => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(scenario);
  });

  it(`the operator ${words} whatever happens to its connections`, async () => {
    expect(await playAll(scenario, { faults: connectionFaults(clean.writes, from), clean })).toEqual([]);
  });
});
