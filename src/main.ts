// Before whatever compiles WebAssembly.
import './engine-flags.ts';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { SERVED_ANNOTATION } from './api/debugsession.ts';
import type { Config } from './config/flags.ts';
import { parseConfig } from './config/config.ts';
import { connect, type Connection } from './kube/connect.ts';
import { eventPort } from './kube/event-port.ts';
import { leasePort } from './kube/lease-port.ts';
import { createLogger, type ContextLogger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { Notifier } from './notify/notifier.ts';
import type { NoticeResult } from './notify/outbox.ts';
import { DebugSessionOperator, type NodeStop } from './operator.ts';
import { EventRecorder } from './runtime/event-recorder.ts';
import { LeaderElector, type LeaderElectorOptions } from './runtime/leader-elector.ts';
import { errorMessage } from './runtime/error-message.ts';
import { serve } from './serve.ts';
import { VERSION } from './version.ts';

/** The composition root: every part is made here, and ends here in order. */
interface Parts {
  config: Config;
  logger: ContextLogger;
  metrics: Metrics;
  connection: Connection;
  recorder: EventRecorder;
  operator: DebugSessionOperator;
  /** Absent: nobody is told. */
  notifier: Notifier | undefined;
  /** Absent: nobody else may run, and nothing has to be asked for. */
  elector: LeaderElector | undefined;
}

/** Events and notices get this long after the work has ended, in ms. */
const FLUSH_MS = 2_000;
/** And giving the Lease back takes so long, in ms. */
const RELEASE_MS = 500;

async function compose(config: Config, logger: ContextLogger): Promise<Parts> {
  const metrics = createMetrics();
  const onStarted = async (term: AbortSignal): Promise<void> => {
    metrics.leader(config.leaderElectionId, true);
    await work(parts, term);
    metrics.leader(config.leaderElectionId, false);
  };
  const connection = connect({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
    userAgent: `debugsession/${VERSION}`,
    onRequest: ({ verb, code }) => metrics.request(code === 0 ? '<error>' : code, verb, server),
  });
  const server = serverOf(connection);
  const elector = config.leaderElect ? createElector(config, connection, { logger, onStarted }) : undefined;
  // Sessions, injections and events leave only while we lead. Not so the Lease itself, and what any replica may ask
  // for.
  const client = elector ? connection.client.guardedBy(() => elector.isLeader()) : connection.client;
  const recorder = new EventRecorder({
    port: eventPort(client),
    reporter: { controller: 'debugsession.dev/operator', instance: hostname() },
    logger,
    isBusy: () => operator.isBusy,
  });
  const notifier = await openNotifier(config, logger, metrics);
  const operator: DebugSessionOperator = new DebugSessionOperator({
    connection: { ...connection, client },
    namespaces: config.namespaces,
    insecureNoIdentity: config.insecureNoIdentity,
    checkPressure: config.checkPressure,
    nodeStop: nodeStopOf(config),
    workers: config.maxConcurrentReconciles,
    recorder,
    onStep: notifier && ((session, step) => notifier.done(session, step)),
    metrics,
    logger,
  });
  const parts: Parts = { config, logger, metrics, connection, recorder, operator, notifier, elector };
  return parts;
}

async function openNotifier(
  { notifyPath }: Config,
  logger: ContextLogger,
  metrics: Metrics,
): Promise<Notifier | undefined> {
  if (notifyPath === undefined) return undefined;
  const onResult = (result: NoticeResult): void => metrics.notice(result);
  return Notifier.open({ folder: notifyPath, userAgent: `debugsession/${VERSION}`, logger, onResult });
}

function nodeStopOf({ nodeStopNamespace, nodeStopImage, criSocket }: Config): NodeStop | undefined {
  if (nodeStopNamespace === undefined) return undefined;
  return { namespace: nodeStopNamespace, image: nodeStopImage, socket: criSocket };
}

function serverOf({ client }: Connection): string {
  return new URL(client.server).host;
}

/** For each scrape: what is counted by looking is counted now. */
function expose({ operator, metrics }: Parts): ReturnType<Metrics['expose']> {
  operator.count();
  return metrics.expose();
}

function leaseNamespace({ config, connection }: Pick<Parts, 'config' | 'connection'>): string {
  return config.leaderElectionNamespace ?? connection.namespace;
}

function createElector(
  config: Config,
  connection: Connection,
  options: Pick<LeaderElectorOptions, 'logger' | 'onStarted'>,
): LeaderElector {
  return new LeaderElector({
    ...options,
    port: leasePort(connection.client, {
      namespace: leaseNamespace({ config, connection }),
      name: config.leaderElectionId,
      annotations: { [SERVED_ANNOTATION]: config.namespaces.join(',') || '*' },
    }),
    identity: `${hostname()}_${randomUUID()}`,
    leaseDurationMs: config.leaseDuration,
    renewDeadlineMs: config.renewDeadline,
    retryPeriodMs: config.retryPeriod,
  });
}

/**
 * Reconciles until `stop` aborts; behind a Lease where several replicas may run. Rejects when the Lease is lost:
 * another leads from then on.
 */
async function lead(parts: Parts, stop: AbortSignal): Promise<void> {
  const { config, metrics, elector } = parts;
  if (!elector) return work(parts, stop);
  // From the start, as in controller-runtime: an alert for "nobody leads" needs a series that says so.
  metrics.leader(config.leaderElectionId, false);
  return elector.run(stop);
}

/**
 * What a leader does until `stop` aborts. What is under way is finished, and the last events are sent, as long as we
 * still lead: the Lease is given back after that.
 */
async function work({ config, operator, recorder, notifier, elector }: Parts, stop: AbortSignal): Promise<void> {
  const leftMs = (): number => elector?.leftMs ?? Infinity;
  // Nothing is renewed any more: what is left of the term has to do for the work, the last events, and giving the Lease
  // back.
  const drainMs = (): number => Math.min(config.shutdownTimeout, Math.max(1, leftMs() - FLUSH_MS - RELEASE_MS));
  try {
    await operator.lead(stop, () => (leftMs() > 0 ? drainMs() : 0));
  } finally {
    const flushMs = leftMs() > 0 ? FLUSH_MS : 0;
    await Promise.all([recorder.stop(flushMs), notifier?.stop(flushMs)]);
  }
}

async function run(config: Config, logger: ContextLogger, stop: AbortSignal): Promise<void> {
  const parts = await compose(config, logger);
  const { connection, operator, metrics } = parts;
  const servers = await serve({
    config,
    client: connection.client,
    readyz: { sessions: () => operator.readiness() },
    metrics: { expose: () => expose(parts) },
    logger,
  });
  if (config.insecureNoIdentity)
    logger.warn({}, '--insecure-no-identity is set: the operator injects containers without knowing the requester');
  metrics.insecure(config.insecureNoIdentity);
  try {
    await operator.start();
    const lease = config.leaderElect ? `${leaseNamespace(parts)}/${config.leaderElectionId}` : 'none';
    logger.info({ version: VERSION, server: serverOf(connection), namespaces: config.namespaces, lease }, 'started');
    void operator.synced.then(() => logger.info({}, 'ready'));
    await lead(parts, stop);
  } finally {
    await operator.shutDown();
    await Promise.all(servers.map((server) => server.stop()));
    await connection.client.close();
  }
}

async function main(): Promise<number> {
  const outcome = parseConfig(process.argv.slice(2), process.env);
  if (outcome.kind === 'help' || outcome.kind === 'version') {
    process.stdout.write(outcome.kind === 'help' ? outcome.text : `${VERSION}\n`);
    return 0;
  }
  if (outcome.kind === 'error') {
    process.stderr.write(`${outcome.faults.join('\n')}\nTry --help.\n`);
    return 2;
  }
  const logger = createLogger({ level: outcome.config.logLevel, format: outcome.config.logFormat });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      logger.info({ signal: name }, 'stopping');
      stop.abort();
    });
  }
  try {
    await run(outcome.config, logger, stop.signal);
    logger.info({}, 'stopped');
    return 0;
  } catch (error) {
    logger.error({ err: errorMessage(error) }, 'the operator exits');
    return 1;
  }
}

// Set, not exit(): what is still to be written is written.
process.exitCode = await main();
