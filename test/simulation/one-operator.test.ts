import { expect, it } from '@jest/globals';
import { explore, plan, USUAL } from './model/explore.ts';
import { Simulation } from './model/simulation.ts';

// People, a kubelet, a bad network and crashes, interleaved at random; the promises are in model/promises.ts.

/** Lives that once broke a promise, each for its own reason. */
const ONCE_BROKEN = [
  // A look at a pod that took longer than there was something to see: its watch stayed open.
  90_003_463,
  // A second exec was refused after the first had ended the container, whose word was then not believed.
  51_000_644,
  // The answer of an intent was lost, and a refusal of the next try freed a place that was taken.
  67_000_035,
];

it.each(ONCE_BROKEN)(
  'a single operator keeps every promise in the run of seed %d, which once broke a promise',
  async (seed) => {
    const simulation = new Simulation(seed, 1);
    await simulation.run();
    expect(simulation.met.size).toBeGreaterThan(0);
  },
);

const HOUR_MS = 3_600_000;

it(
  `one operator keeps every promise in ${plan.runs} runs from seed ${plan.first}`,
  async () => {
    const met = await explore(1);
    if (plan.runs >= 500) expect([...met.keys()]).toEqual(expect.arrayContaining(USUAL));
    else expect(met.size).toBeGreaterThan(0);
  },
  HOUR_MS,
);
