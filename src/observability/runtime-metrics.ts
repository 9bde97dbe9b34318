import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ReconcileReport } from '../runtime/controller.ts';
import type { WorkQueue } from '../runtime/work-queue.ts';

/** What a queue is like at this moment. */
export interface QueueState {
  /** Keys that wait for a worker, by priority. */
  depths: ReadonlyMap<number, number>;
  running: ReturnType<WorkQueue['running']>;
}

/**
 * What controller-runtime and client-go count, under the same names, labels and buckets, so that dashboards and alerts
 * made for them work. `controller` is the controller's name, its queue's name, and (client-go has both) the labels
 * `name` and `controller` of that queue.
 */
export interface RuntimeMetrics {
  /** Shows every series of a controller before its first reconcile, so that a rate() over them begins at 0. */
  controller(controller: string, workers: number): void;
  reconcile(controller: string, report: ReconcileReport): void;
  /** A key began to wait for a worker. */
  queueAdd(controller: string): void;
  /** A worker took a key that had waited so long. */
  queueGet(controller: string, waitedMs: number): void;
  /** A worker gave a key back after so long. */
  queueDone(controller: string, workedMs: number): void;
  /** A key was added with a delay: after a failure, or to look again later. */
  queueRetry(controller: string): void;
  queueState(controller: string, state: QueueState): void;
  /** A request to the API server was answered with `code`, or `<error>` without an answer (client-go's word). */
  request(code: number | '<error>', method: string, host: string): void;
  /** Whether this process leads in the election `name`. */
  leader(name: string, leading: boolean): void;
}

const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** client-go's for both durations of a queue: from 10 ns on, ten times each. */
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];
const RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;
const OF_CONTROLLER = ['controller'];
const OF_QUEUE = ['name', 'controller'];

export function runtimeMetrics(registers: Registry[]): RuntimeMetrics {
  const requests = new Counter({
    registers,
    name: 'rest_client_requests_total',
    help: 'Requests to the API server.',
    labelNames: ['code', 'method', 'host'],
  });
  const leader = new Gauge({
    registers,
    name: 'leader_election_master_status',
    help: '1 while this process leads, else 0.',
    labelNames: ['name'],
  });
  const { show: showController, activeWorkers, ...controller } = controllerMetrics(registers);
  const { show: showQueue, ...queue } = queueMetrics(registers);
  return {
    ...controller,
    ...queue,
    controller(name, workers) {
      showController(name, workers);
      showQueue(name);
    },
    queueState(name, state) {
      activeWorkers(name, state.running.count);
      queue.queueState(name, state);
    },
    request: (code, method, host) => requests.inc({ code: String(code), method, host }),
    leader: (name, leading) => leader.set({ name }, leading ? 1 : 0),
  };
}

type ControllerPart = Pick<RuntimeMetrics, 'reconcile'> & {
  show: (controller: string, workers: number) => void;
  activeWorkers: (controller: string, count: number) => void;
};

function controllerMetrics(registers: Registry[]): ControllerPart {
  const counter = (name: string, help: string, labelNames = OF_CONTROLLER): Counter =>
    new Counter({ registers, name, help, labelNames });
  const gauge = (name: string, help: string): Gauge => new Gauge({ registers, name, help, labelNames: OF_CONTROLLER });
  const total = counter('controller_runtime_reconcile_total', 'Reconciles by result.', ['controller', 'result']);
  const errors = counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed.');
  const terminal = counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Reconciles that failed and are not tried again.',
  );
  const panics = counter(
    'controller_runtime_reconcile_panics_total',
    'Reconciles that failed by a bug of the operator.',
  );
  const timeouts = counter(
    'controller_runtime_reconcile_timeouts_total',
    'Reconciles that took too long and were told to stop.',
  );
  const workers = gauge('controller_runtime_max_concurrent_reconciles', 'How many reconciles may run at a time.');
  const active = gauge('controller_runtime_active_workers', 'How many run.');
  const time = new Histogram({
    registers,
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconcile.',
    labelNames: OF_CONTROLLER,
    buckets: RECONCILE_BUCKETS,
  });
  return {
    show(controller, count) {
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      for (const metric of [errors, terminal, panics, timeouts]) metric.inc({ controller }, 0);
      workers.set({ controller }, count);
      active.set({ controller }, 0);
    },
    reconcile(controller, { result, error, timedOut, ms }) {
      total.inc({ controller, result });
      if (result === 'error') errors.inc({ controller });
      if (error === 'terminal') terminal.inc({ controller });
      if (error === 'panic') panics.inc({ controller });
      if (timedOut) timeouts.inc({ controller });
      time.observe({ controller }, ms / 1000);
    },
    activeWorkers: (controller, count) => active.set({ controller }, count),
  };
}

type QueuePart = Pick<RuntimeMetrics, 'queueAdd' | 'queueGet' | 'queueDone' | 'queueRetry' | 'queueState'> & {
  show: (queue: string) => void;
};

function queueMetrics(registers: Registry[]): QueuePart {
  const counter = (name: string, help: string): Counter => new Counter({ registers, name, help, labelNames: OF_QUEUE });
  const gauge = (name: string, help: string, labelNames = OF_QUEUE): Gauge =>
    new Gauge({ registers, name, help, labelNames });
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ registers, name, help, labelNames: OF_QUEUE, buckets: QUEUE_BUCKETS });
  const depth = gauge('workqueue_depth', 'Keys that wait for a worker.', [...OF_QUEUE, 'priority']);
  const adds = counter('workqueue_adds_total', 'Keys that began to wait for a worker.');
  const waited = histogram('workqueue_queue_duration_seconds', 'How long a key waited for a worker.');
  const worked = histogram('workqueue_work_duration_seconds', 'How long a worker had a key.');
  const unfinished = gauge(
    'workqueue_unfinished_work_seconds',
    'How long all that is being worked on has taken so far.',
  );
  const longest = gauge(
    'workqueue_longest_running_processor_seconds',
    'How long the longest of that has taken so far.',
  );
  const retries = counter('workqueue_retries_total', 'Keys added with a delay.');
  /** Priorities that have been seen: a line that is empty falls to 0, it does not keep its last number. */
  const priorities = new Set([0]);
  const labels = (name: string): { name: string; controller: string } => ({ name, controller: name });
  const queueState = (name: string, { depths, running }: QueueState): void => {
    for (const priority of depths.keys()) priorities.add(priority);
    for (const priority of priorities) {
      depth.set({ ...labels(name), priority: String(priority) }, depths.get(priority) ?? 0);
    }
    unfinished.set(labels(name), running.totalMs / 1000);
    longest.set(labels(name), running.longestMs / 1000);
  };
  return {
    show(name) {
      for (const metric of [adds, retries]) metric.inc(labels(name), 0);
      for (const metric of [waited, worked]) metric.zero(labels(name));
      queueState(name, { depths: new Map(), running: { count: 0, totalMs: 0, longestMs: 0 } });
    },
    queueAdd: (name) => adds.inc(labels(name)),
    queueGet: (name, ms) => waited.observe(labels(name), ms / 1000),
    queueDone: (name, ms) => worked.observe(labels(name), ms / 1000),
    queueRetry: (name) => retries.inc(labels(name)),
    queueState,
  };
}
