import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { runtimeMetrics, type RuntimeMetrics } from './runtime-metrics.ts';

/**
 * What the operator counts. The only door to the metrics library, so that everybody else counts in words of the domain.
 * Label values must come from small, fixed sets (phases, reasons, status codes), never names or messages: each value is
 * a time series for ever.
 */
export interface Metrics extends RuntimeMetrics {
  /** How many sessions are in each phase now; a phase that is left out has none. */
  sessions(count: Readonly<Record<string, number>>): void;
  /** From the intent of a run to the answer to its injection. */
  injected(seconds: number): void;
  /** From that answer until the container was seen to run. */
  started(seconds: number): void;
  /** How long after its deadline a container was seen ended; what came early counts as 0. */
  ended(secondsLate: number): void;
  /**
   * How many sessions have StopConfirmed False (the container runs past its end) and Unknown (nobody can see whether it
   * does).
   */
  endUnconfirmed(count: Readonly<Record<'False' | 'Unknown', number>>): void;
  /** A session went, by somebody's hand, while its container ran or could start. */
  released(): void;
  /** One effort to end a container (or to tell it of another ttl) is over: by which way, and how it went. */
  effort(way: string, outcome: string): void;
  /** Whether containers are injected without knowing who asked. */
  insecure(isSo: boolean): void;
  /** A run failed for `reason` (one of the API's condition reasons). */
  failure(reason: string): void;
  /** What became of one notice at one receiver. */
  notice(result: string): void;
  /** Everything in Prometheus' text format. */
  expose(): Promise<{ contentType: string; body: string }>;
}

/**
 * Two answers of an API server, each of a few ms; the rest shows what had to be tried again, for up to startTimeout.
 */
const INJECTION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Image pulls included. */
const START_BUCKETS = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300];
/** 2 s is promised, 5 s where HUP and TERM are ignored; the rest shows what went wrong. */
const DELAY_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 3600];

/**
 * How often the lag of the event loop is sampled, ms. The library's own 10 ms wakes an idle process a hundred times a
 * second: nearly all of its CPU.
 */
const LOOP_SAMPLING_MS = 500;

/** A set of metrics with a registry of its own (no module state: tests and two operators in a process stay apart). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  // The process and its event loop, heap and garbage collector: process_* and nodejs_*.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLING_MS });
  return {
    ...runtimeMetrics([registry]),
    ...sessionMetrics([registry]),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

/** A metric of ours as docs/observability.md lists it. */
export interface Family {
  name: string;
  type: string;
  help: string;
  labelNames: readonly string[];
}

/**
 * All metrics of ours, in the order in which they are made; those with controller-runtime's names are not among them.
 */
export function sessionFamilies(): Family[] {
  const registry = new Registry();
  sessionMetrics([registry]);
  const made = registry.getMetricsAsArray() as unknown as Family[];
  return made.map(({ name, type, help, labelNames }) => ({ name, type, help, labelNames }));
}

type SessionPart = Omit<Metrics, keyof RuntimeMetrics | 'expose'>;

function sessionMetrics(registers: Registry[]): SessionPart {
  const sessions = new Gauge({
    registers,
    name: 'debugsession_sessions',
    help: 'Sessions in each phase; a phase without sessions has no series.',
    labelNames: ['phase'],
  });
  const injection = seconds(registers, 'debugsession_injection_seconds', {
    help: 'From the intent of a run to the answer to its injection.',
    buckets: INJECTION_BUCKETS,
  });
  const start = seconds(registers, 'debugsession_start_seconds', {
    help: 'From the answer to the injection until the container was seen to run, image pull included.',
    buckets: START_BUCKETS,
  });
  const delay = seconds(registers, 'debugsession_end_delay_seconds', {
    help: 'From the deadline to the end of a container that was ended at its deadline, in whole seconds.',
    buckets: DELAY_BUCKETS,
  });
  const unconfirmed = new Gauge({
    registers,
    name: 'debugsession_end_unconfirmed',
    help: 'Sessions whose container runs past its end (False), or of which nobody knows whether it does (Unknown).',
    labelNames: ['status'],
  });
  const released = new Counter({
    registers,
    name: 'debugsession_released_total',
    help: 'Sessions that went by hand while their container ran or could start.',
  });
  const failures = new Counter({
    registers,
    name: 'debugsession_failures_total',
    help: 'Runs that failed, by reason.',
    labelNames: ['reason'],
  });
  const efforts = new Counter({
    registers,
    name: 'debugsession_stop_efforts_total',
    help: 'Efforts to end a container (Exec, Attach, Node, Eviction) or to tell it of another ttl (Ttl), by how they went.',
    labelNames: ['way', 'outcome'],
  });
  const insecure = new Gauge({
    registers,
    name: 'debugsession_insecure_no_identity',
    help: '1 while containers are injected without knowing who asked (--insecure-no-identity).',
  });
  const notices = new Counter({
    registers,
    name: 'debugsession_notices_total',
    help: 'Notices to the receivers of --notify-path: delivered, refused by the receiver, gaveUp after 15 minutes, or dropped.',
    labelNames: ['result'],
  });
  return {
    insecure: (isSo) => insecure.set(isSo ? 1 : 0),
    sessions(count) {
      // A phase that nobody is in any more must fall to nothing, not keep its last number.
      sessions.reset();
      for (const [phase, number] of Object.entries(count)) sessions.set({ phase }, number);
    },
    injected: (length) => injection.observe(length),
    started: (length) => start.observe(length),
    ended: (late) => delay.observe(Math.max(0, late)),
    endUnconfirmed(count) {
      for (const [status, number] of Object.entries(count)) unconfirmed.set({ status }, number);
    },
    released: () => released.inc(),
    effort: (way, outcome) => efforts.inc({ way, outcome }),
    failure: (reason) => failures.inc({ reason }),
    notice: (result) => notices.inc({ result }),
  };
}

function seconds(
  registers: Registry[],
  name: string,
  { help, buckets }: { help: string; buckets: number[] },
): Histogram {
  return new Histogram({ registers, name, help, buckets });
}
