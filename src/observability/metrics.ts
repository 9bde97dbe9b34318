import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** How a reconcile ended, in controller-runtime's words (pkg/internal/controller/metrics). */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

/**
 * What the operator counts. The only door to the metrics library, so that everybody else counts in words of the domain.
 * Label values must come from small, fixed sets (phases, reasons, status codes), never names or messages: each value is a time series for ever.
 */
export interface Metrics {
  /** A pass of `controller` took `seconds`. */
  reconcile(controller: string, result: ReconcileResult, seconds: number): void;
  /** A queue holds `depth` keys that wait for a worker. */
  queueDepth(queue: string, depth: number): void;
  queueAdd(queue: string): void;
  queueRetry(queue: string): void;
  /** A request to the API server was answered with `code`, or `<error>` without an answer (client-go's word). */
  request(code: number | '<error>', method: string, host: string): void;
  /** Whether this process leads in the election `name`. */
  leader(name: string, leading: boolean): void;
  /** How many sessions are in each phase now; a phase that is left out has none. */
  sessions(count: Readonly<Record<string, number>>): void;
  /** From an accepted session to its container in the pod's spec. */
  injected(seconds: number): void;
  /** From there to the running container. */
  started(seconds: number): void;
  /** How long after its deadline a container was seen ended; what came early counts as 0. */
  ended(secondsLate: number): void;
  /** How many sessions have StopConfirmed False (the container runs past its end) and Unknown (nobody can see whether it does). */
  endUnconfirmed(count: Readonly<Record<'False' | 'Unknown', number>>): void;
  /** A run failed for `reason` (one of the API's condition reasons). */
  failure(reason: string): void;
  /** Everything in Prometheus' text format. */
  expose(): Promise<{ contentType: string; body: string }>;
}

/** controller-runtime's own for controller_runtime_reconcile_time_seconds, so that its dashboards read the same. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** From a pod that is there to pendingTimeout's 10 minutes. */
const INJECTION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];
/** Image pulls included. */
const START_BUCKETS = [0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300];
/** 2 s is promised, 5 s where HUP and TERM are ignored; the rest shows what went wrong. */
const DELAY_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 3600];

/** A set of metrics with a registry of its own (no module state: tests and two operators in a process stay apart). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  // The process and its event loop, heap and garbage collector: process_* and nodejs_*.
  collectDefaultMetrics({ register: registry });
  return {
    ...runtimeMetrics([registry]),
    ...sessionMetrics([registry]),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

type RuntimePart = Pick<Metrics, 'reconcile' | 'queueDepth' | 'queueAdd' | 'queueRetry' | 'request' | 'leader'>;
type SessionPart = Omit<Metrics, keyof RuntimePart | 'expose'>;

/** What controller-runtime and client-go count under the same names, so that dashboards and alerts made for them work. */
function runtimeMetrics(registers: Registry[]): RuntimePart {
  const total = counter(registers, 'controller_runtime_reconcile_total', 'Reconciles by result.', [
    'controller',
    'result',
  ]);
  const errors = counter(registers, 'controller_runtime_reconcile_errors_total', 'Reconciles that failed.', [
    'controller',
  ]);
  const time = new Histogram({
    registers,
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconcile.',
    labelNames: ['controller'],
    buckets: RECONCILE_BUCKETS,
  });
  const depth = gauge(registers, 'workqueue_depth', 'Keys that wait for a worker.', ['name']);
  const adds = counter(registers, 'workqueue_adds_total', 'Keys added.', ['name']);
  const retries = counter(registers, 'workqueue_retries_total', 'Keys added again after a failure.', ['name']);
  const requests = counter(registers, 'rest_client_requests_total', 'Requests to the API server.', [
    'code',
    'method',
    'host',
  ]);
  const leader = gauge(registers, 'leader_election_master_status', '1 while this process leads, else 0.', ['name']);
  return {
    reconcile(controller, result, seconds) {
      total.inc({ controller, result });
      // Present from the first reconcile on, so that a rate() over it is not empty until the first error.
      errors.inc({ controller }, result === 'error' ? 1 : 0);
      time.observe({ controller }, seconds);
    },
    queueDepth: (name, keys) => depth.set({ name }, keys),
    queueAdd(name) {
      adds.inc({ name });
      // As with the errors above: a rate() from the beginning, not from the first retry.
      retries.inc({ name }, 0);
    },
    queueRetry: (name) => retries.inc({ name }),
    request: (code, method, host) => requests.inc({ code: String(code), method, host }),
    leader: (name, leading) => leader.set({ name }, leading ? 1 : 0),
  };
}

function sessionMetrics(registers: Registry[]): SessionPart {
  const sessions = gauge(registers, 'debugsession_sessions', 'Sessions by phase.', ['phase']);
  const injection = seconds(registers, 'debugsession_injection_seconds', {
    help: 'From an accepted session to its container in the pod.',
    buckets: INJECTION_BUCKETS,
  });
  const start = seconds(registers, 'debugsession_start_seconds', {
    help: 'From the injection to the running container, image pull included.',
    buckets: START_BUCKETS,
  });
  const delay = seconds(registers, 'debugsession_end_delay_seconds', {
    help: 'From the deadline to the end of the container.',
    buckets: DELAY_BUCKETS,
  });
  const unconfirmed = gauge(
    registers,
    'debugsession_end_unconfirmed',
    'Containers that should have ended and have not (False), or of which nobody knows (Unknown).',
    ['status'],
  );
  const failures = counter(registers, 'debugsession_failures_total', 'Runs that failed, by reason.', ['reason']);
  return {
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
    failure: (reason) => failures.inc({ reason }),
  };
}

function counter(registers: Registry[], name: string, help: string, labelNames: string[]): Counter {
  return new Counter({ registers, name, help, labelNames });
}

function gauge(registers: Registry[], name: string, help: string, labelNames: string[]): Gauge {
  return new Gauge({ registers, name, help, labelNames });
}

function seconds(
  registers: Registry[],
  name: string,
  { help, buckets }: { help: string; buckets: number[] },
): Histogram {
  return new Histogram({ registers, name, help, buckets });
}
