import { availableParallelism } from 'node:os';
import { differences } from './end-state.ts';
import type { Scenario } from './scenario.ts';
import { playTrial, type Outcome, type PlannedFault } from './trial.ts';

/** The requests that a fault may cost in addition to those of the run without a fault. */
const MORE_REQUESTS = 2;

/**
 * Plays a scenario once with each of these faults, some at once, and prints how many they are.
 * @returns what was not as in the run without a fault, each in a sentence
 */
export async function playAll(scenario: Scenario, faults: readonly PlannedFault[], clean: Outcome): Promise<string[]> {
  process.stderr.write(`${scenario.name}: ${faults.length} faults\n`);
  const found: string[] = [];
  const left = [...faults];
  const lane = async (): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      const { name } = fault;
      found.push(...(await playOne(scenario, fault, clean)).map((what) => `${scenario.name}, ${name}: ${what}`));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, lane));
  return found;
}

async function playOne(scenario: Scenario, fault: PlannedFault, clean: Outcome): Promise<string[]> {
  try {
    const outcome = await playTrial(scenario, fault);
    const more = outcome.writes.length - clean.writes.length;
    const tooMany = more > MORE_REQUESTS ? [`${more} requests more: ${outcome.writes.join(', ')}`] : [];
    return [...differences(clean.end, outcome.end), ...outcome.broken, ...tooMany];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
