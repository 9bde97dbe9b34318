import { availableParallelism } from 'node:os';
import { differences } from './end-state.ts';
import type { PlannedFault } from './planned-fault.ts';
import type { Scenario } from './scenario.ts';
import { LostBefore, playTrial, type Outcome } from './trial.ts';

/** The writes that a fault may cost in addition to those of the run without a fault. */
const MORE_REQUESTS = 2;

/** FAULTS: only those whose name this matches, to look into one. */
const ONLY = new RegExp(process.env['FAULTS'] ?? '');

/**
 * Plays a scenario once with each of these faults, some at once, and prints how many they are of each kind.
 * @param atOnce how many are played at the same time, besides those that take minutes
 * @returns what was not as in the run without a fault, each in a sentence
 */
export async function playAll(
  scenario: Scenario,
  {
    faults,
    clean,
    atOnce = availableParallelism() + 1,
  }: { faults: readonly PlannedFault[]; clean: Outcome; atOnce?: number },
): Promise<string[]> {
  const found: string[] = [];
  const asked = faults.filter(({ name }) => ONLY.test(name));
  const play = async (fault: PlannedFault): Promise<void> => {
    const wrong = (await playOne(scenario, fault, clean)).map((what) => `${scenario.name}, ${fault.name}: ${what}`);
    found.push(...wrong);
    if (wrong.length > 0) process.stderr.write(`${wrong.join('\n')}\n`);
  };
  const left = asked.filter(({ isSlow }) => isSlow !== true);
  const lane = async (): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) await play(fault);
  };
  const slow = asked.filter(({ isSlow }) => isSlow === true).map(play);
  await Promise.all([...slow, ...Array.from({ length: atOnce }, lane)]);
  for (const [kind, { length }] of Map.groupBy(asked, (fault) => fault.kind))
    process.stderr.write(`faults of ${scenario.name}: ${length} ${kind}\n`);
  return found;
}

async function playOne(scenario: Scenario, fault: PlannedFault, clean: Outcome): Promise<string[]> {
  try {
    const outcome = await playAgainWhereLost(scenario, fault);
    const more = outcome.writes.length - clean.writes.length;
    const tooMany =
      more > (fault.mayCost ?? MORE_REQUESTS) ? [`${more} requests more: ${outcome.writes.join(', ')}`] : [];
    const wrong = fault.otherEnd?.wrong(outcome.end) ?? differences(clean.end, outcome.end);
    return [...wrong, ...outcome.broken, ...tooMany];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function playAgainWhereLost(scenario: Scenario, fault: PlannedFault): Promise<Outcome> {
  for (let left = 3; ; left -= 1) {
    try {
      return await playTrial(scenario, fault);
    } catch (error) {
      if (!(error instanceof LostBefore) || left === 0) throw error;
    }
  }
}
