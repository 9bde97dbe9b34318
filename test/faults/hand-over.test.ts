import { beforeAll, expect, it } from '@jest/globals';
import { freezes } from './freezes.ts';
import { kills } from './kills.ts';
import { handOver } from './scenarios.ts';
import { playAll } from './suite.ts';
import { playTrial, type Outcome } from './trial.ts';

// They wait for a Lease, and need no processor for that.
const atOnce = 6;

let clean: Outcome;

beforeAll(async () => {
  clean = await playTrial(handOver);
});

it('the leader of two operators injects, with as many writes as if it were alone', () => {
  expect(clean.broken).toEqual([]);
  expect(clean.writes).toHaveLength(4);
});

it('another operator injects the one container whichever write the leader is killed at', async () => {
  expect(await playAll(handOver, { faults: kills(clean.writes), clean, atOnce })).toEqual([]);
});

it('another operator injects the one container while the leader is stopped, which then writes nothing', async () => {
  expect(await playAll(handOver, { faults: freezes(clean.writes), clean, atOnce })).toEqual([]);
});
