import { expect, it } from '@jest/globals';
import { explore, plan } from './model/explore.ts';

// People, a kubelet, a bad network and crashes, interleaved at random; the promises are in model/promises.ts.

const HOUR_MS = 3_600_000;

it(
  `one operator keeps every promise in ${plan.runs} runs from seed ${plan.first}`,
  async () => {
    expect(await explore(1)).toBe(plan.runs);
  },
  HOUR_MS,
);
