import { beforeAll, describe, expect, it } from '@jest/globals';
import { faultsBelow } from './below.ts';
import { expire, inject } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

describe.each([
  ['injects one container', inject, 1],
  ['records an end', expire, 5],
] as const)('the operator %s', (words, scenario, from) => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(scenario);
  });

  it(`the operator ${words} when the API server or etcd is killed at any of its writes`, async () => {
    // One after the other: all others would be struck as well.
    expect(await playAll(scenario, { faults: faultsBelow(clean.writes, from), clean, atOnce: 1 })).toEqual([]);
  });
});
