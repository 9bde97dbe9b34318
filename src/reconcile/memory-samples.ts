import type { DebugSession, PeakMemory, Run } from '../api/debugsession.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { currentRun } from '../session/run/lifecycle.ts';
import type { PodUsages } from './pod-usage.ts';

/** Time between two rounds, in ms. metrics-server measures each 15 to 60 s, so more rounds would see little more. */
const PERIOD_MS = 30_000;

export interface MemorySamplesParts {
  sessions: () => readonly DebugSession[];
  usages: Pick<PodUsages, 'of'>;
  clock: Clock;
}

interface Sampled extends PeakMemory {
  /** When the newest sample was taken. */
  at: string;
}

/**
 * Samples the memory of the containers of sessions that run: one request for each in a round, one after another. The
 * samples are kept here alone, so they cost no write before the run ends.
 */
export class MemorySamples {
  readonly #parts: MemorySamplesParts;
  /** By the UID of the session and the attempt. */
  readonly #peaks = new Map<string, Sampled>();

  constructor(parts: MemorySamplesParts) {
    this.#parts = parts;
  }

  /** How many runs it knows something of. */
  get size(): number {
    return this.#peaks.size;
  }

  /** The most that the container of the newest run was seen to use. Undefined: no sample has it. */
  peakOf(session: DebugSession): (PeakMemory & { attempt: number }) | undefined {
    const run = currentRun(session);
    const peak = run && this.#peaks.get(keyOf(session, run));
    return run && peak && { attempt: run.attempt, bytes: peak.bytes, samples: peak.samples };
  }

  /** Samples until `signal` aborts. It never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#parts.clock, PERIOD_MS, signal);
      if (!signal.aborted) await this.round(signal);
    }
  }

  /** One round. What does not run any more is forgotten. */
  async round(signal: AbortSignal): Promise<void> {
    const running = this.#parts.sessions().flatMap((session) => {
      const run = currentRun(session);
      return run?.state === 'Running' ? [{ session, run }] : [];
    });
    const keys = new Set(running.map(({ session, run }) => keyOf(session, run)));
    for (const key of this.#peaks.keys()) if (!keys.has(key)) this.#peaks.delete(key);
    for (const { session, run } of running) if (!signal.aborted) await this.#sample(session, run, signal);
  }

  async #sample(session: DebugSession, run: Run, signal: AbortSignal): Promise<void> {
    const { podName, debugContainerName } = run;
    if (podName === undefined || debugContainerName === undefined) return;
    const usage = await this.#parts.usages.of(session.metadata.namespace, podName, signal);
    const bytes = usage?.containers.get(debugContainerName)?.memory;
    const before = this.#peaks.get(keyOf(session, run));
    // The same sample again is no new one.
    if (usage === undefined || bytes === undefined || before?.at === usage.at) return;
    this.#peaks.set(keyOf(session, run), {
      bytes: Math.max(Math.round(bytes), before?.bytes ?? 0),
      samples: (before?.samples ?? 0) + 1,
      at: usage.at,
    });
  }
}

function keyOf({ metadata }: DebugSession, { attempt }: Run): string {
  return `${metadata.uid}/${attempt}`;
}
