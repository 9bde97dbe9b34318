import type { DebugSession, Run, RunState } from '../api/debugsession.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../runtime/clock.ts';
import { Recent } from '../runtime/recent.ts';
import type { Plan } from '../session/plan/effect.ts';

/** When this process came to each point of a run, by its monotonic clock, in ms. */
interface Marks {
  readonly intended: number;
  injected?: number;
  seenRunning?: number;
}

/** So many runs can be between their intent and their start at once; the oldest ones are not measured any more. */
const MOST_RUNS = 10_000;

/**
 * Measures how long a run takes to be injected and to start. Timestamps in the status are whole seconds, which is too
 * coarse: so the monotonic clock of this process counts, and a run is measured only if this process wrote its intent
 * and saw each end.
 */
export class RunTimes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #metrics: Pick<Metrics, 'injected' | 'started'>;
  readonly #marks = new Recent<Marks>(MOST_RUNS);

  constructor(clock: Pick<Clock, 'monotonic'>, metrics: Pick<Metrics, 'injected' | 'started'>) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Told of each step before it is done: an intent is about to be written, or a container was seen to run. */
  planned(session: DebugSession, step: Plan): void {
    const change = changeOf(session, step);
    if (change === undefined) return;
    const key = keyOf(session, change.run);
    const now = this.#clock.monotonic();
    if (isIntent(change)) return this.#marks.set(key, { intended: now });
    const marks = this.#marks.get(key);
    if (marks === undefined) return;
    // The write may have to be repeated: the first sight counts.
    if (change.run.state === 'Running') marks.seenRunning ??= now;
  }

  /** Told of each step that was done. */
  done(session: DebugSession, step: Plan): void {
    if (step.effect.kind === 'inject') return this.#injected(keyOf(session, step.effect.run));
    const change = changeOf(session, step);
    if (change === undefined || isIntent(change)) return;
    const key = keyOf(session, change.run);
    const { injected, seenRunning } = this.#marks.get(key) ?? {};
    if (change.run.state === 'Running' && injected !== undefined && seenRunning !== undefined)
      this.#metrics.started((seenRunning - injected) / 1000);
    this.#marks.delete(key);
  }

  #injected(key: string): void {
    const marks = this.#marks.get(key);
    if (marks === undefined) return;
    const now = this.#clock.monotonic();
    if (marks.injected === undefined) this.#metrics.injected((now - marks.intended) / 1000);
    marks.injected = now;
  }
}

interface Change {
  run: Run;
  before: RunState | undefined;
}

/** The run that changes its state with this step. */
export function changeOf(session: DebugSession, { effect }: Plan): Change | undefined {
  if (effect.kind !== 'writeStatus') return undefined;
  const { attempt } = effect.status;
  const run = effect.status.runs?.find((candidate) => candidate.attempt === attempt);
  const before = session.status?.runs?.find((candidate) => candidate.attempt === attempt)?.state;
  return run === undefined || run.state === before ? undefined : { run, before };
}

function isIntent({ run, before }: Change): boolean {
  return run.state === 'Starting' && before === undefined;
}

function keyOf({ metadata }: DebugSession, { attempt }: Run): string {
  return `${metadata.uid}/${attempt}`;
}
