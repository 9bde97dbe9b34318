import { beforeAll, describe, expect, it } from '@jest/globals';
import { answers, someWrongReads } from './answers.ts';
import { faultsBelow } from './below.ts';
import { connectionFaults } from './connections.ts';
import { freezes } from './freezes.ts';
import { kills } from './kills.ts';
import type { PlannedFault } from './planned-fault.ts';
import { handOver, inject } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';
import { POD_RUNS, SESSION_RUNS, watchFaults } from './watches.ts';

// What `make test` plays: all kills of an injection, and of each other kind some, the same every time.

/** Every n-th of those that take no minutes. */
function everyNth(n: number, faults: readonly PlannedFault[]): PlannedFault[] {
  return faults.filter(({ isSlow }) => isSlow !== true).filter((_fault, index) => index % n === n - 1);
}

describe('an injection by one operator', () => {
  let clean: Outcome;

  beforeAll(async () => {
    clean = await playTrial(inject);
  });

  it('the operator injects with four requests when nothing goes wrong', () => {
    expect(clean.broken).toEqual([]);
    expect(clean.writes).toHaveLength(4);
  });

  it('the operator injects one container in a sample of what goes wrong', async () => {
    const { writes } = clean;
    const faults = [
      ...kills(writes),
      // Not a divisor of the four writes: each of them is struck.
      ...everyNth(5, answers(writes)),
      ...everyNth(5, someWrongReads([...new Set(clean.reads)])),
      ...everyNth(5, connectionFaults(writes)),
      ...everyNth(3, watchFaults([SESSION_RUNS, POD_RUNS])),
    ];
    expect(await playAll(inject, { faults, clean })).toEqual([]);
  });

  const onOwn = process.env['CLUSTER'] === 'current' ? it.skip : it;

  onOwn('the operator injects one container when the API server is killed', async () => {
    const faults = everyNth(7, faultsBelow(clean.writes));
    expect(await playAll(inject, { faults, clean, atOnce: 1 })).toEqual([]);
  });
});

it('another operator injects the one container in a sample of what goes wrong with the leader', async () => {
  const clean = await playTrial(handOver);
  const faults = everyNth(7, [...kills(clean.writes), ...freezes(clean.writes)]);
  expect(await playAll(handOver, { faults, clean, atOnce: 4 })).toEqual([]);
});
