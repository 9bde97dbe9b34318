import { Simulation } from './simulation.ts';

/**
 * SIMULATION_SEED=N runs just that one and prints all that happened; SIMULATION_RUNS=N runs as many as you have time
 * for, from SIMULATION_FIRST=N.
 */
const only = process.env['SIMULATION_SEED'];
const first = Number(only ?? process.env['SIMULATION_FIRST'] ?? 20_261_121);
const runs = only === undefined ? Number(process.env['SIMULATION_RUNS'] ?? 800) : 1;

export const plan = { first, runs };

/**
 * Runs one simulation after the other; the first that breaks a promise ends it, with its seed and its last moments.
 * Returns what was met on the way.
 */
export async function explore(operators: number): Promise<Map<string, number>> {
  const met = new Map<string, number>();
  for (let seed = first; seed < first + runs; seed += 1) {
    const simulation = new Simulation(seed, operators);
    try {
      await simulation.run();
      for (const [what, count] of simulation.met) met.set(what, (met.get(what) ?? 0) + count);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const life = simulation.trace.slice(only === undefined ? -40 : 0).join('\n  ');
      throw new Error(`SIMULATION_SEED=${seed} (${operators} at once): ${why}\n  ${life}`, { cause: error });
    }
  }
  return met;
}

/** What five hundred runs always meet: a simulation that no longer does proves nothing. */
export const USUAL = [
  ...['Pending', 'Starting', 'Running', 'Ending', 'Completed', 'Expired', 'Failed'].map((phase) => `phase ${phase}`),
  ...['run StartedLate ImagePullFailed', 'run Failed PendingTimeout', 'run Failed PodReplaced', 'run Ended PodGone'],
  ...['injected first', 'injected again', 'removed at its time', 'started again', 'evicted', 'phase Cancelled'],
  ...['waits LimitReached', 'hostile inside'],
  ...['asked Exec', 'asked Attach', 'asked Node', 'asked Ttl'],
  ...['ended by Exec', 'ended by Attach', 'ended by Node', 'ended by Eviction'],
];
