import { beforeAll, describe, expect, it } from '@jest/globals';
import type { PlannedFault } from './planned-fault.ts';
import { answers, doubts } from './answers.ts';
import { kills } from './kills.ts';
import type { Scenario } from './scenario.ts';
import { debugAgain, deny, lateStart, replacePod, revoke } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

type Faults = (writes: readonly string[], from: number) => PlannedFault[];

const killsAndAnswers: Faults = (...about) => [...kills(...about), ...answers(...about)];

/**
 * What happens to a session, the writes that are new in it, and what they are struck with. The writes before are those
 * of an injection.
 */
const SCENARIOS: [words: string, scenario: Scenario, from: number, faults: Faults][] = [
  ['the next attempt', debugAgain, 7, (...about) => [...kills(...about), ...doubts(...about)]],
  ['a change of the policy', revoke, 5, (...about) => kills(...about)],
  ['another pod of the name', replacePod, 5, killsAndAnswers],
  ['a refusal by the policy', deny, 2, killsAndAnswers],
  // It is ended as a cancelled one.
  ['a late start', lateStart, 4, (...about) => kills(...about)],
];

describe.each(SCENARIOS)('%s', (words, scenario, from, faults) => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(scenario);
  });

  it(`the operator keeps its promises at ${words}`, () => {
    expect(clean.broken).toEqual([]);
    expect(clean.writes.length).toBeGreaterThanOrEqual(from);
  });

  it(`the operator comes to the same end of ${words} whatever goes wrong at a write`, async () => {
    expect(await playAll(scenario, { faults: faults(clean.writes, from), clean })).toEqual([]);
  });
});
