import { expect, it } from '@jest/globals';
import { explore, plan, USUAL } from './model/explore.ts';

// People, a kubelet, a bad network and crashes, interleaved at random; the promises are in model/promises.ts.

const HOUR_MS = 3_600_000;

it(
  `two operators at once keep every promise in ${plan.runs} runs from seed ${plan.first}`,
  async () => {
    const met = await explore(2);
    if (plan.runs >= 500) expect([...met.keys()]).toEqual(expect.arrayContaining(USUAL));
    else expect(met.size).toBeGreaterThan(0);
  },
  HOUR_MS,
);
