import { hostname } from 'node:os';
import { parseConfig, type Config } from './config.ts';
import { connect, type Connection } from './kube/connect.ts';
import { eventPort } from './kube/event-port.ts';
import { startHealthServer } from './observability/health.ts';
import { createLogger, type ContextLogger } from './observability/logger.ts';
import { startMetricsServer } from './observability/metrics-server.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { DebugSessionOperator } from './operator.ts';
import { EventRecorder } from './runtime/event-recorder.ts';
import { errorMessage } from './runtime/one-line.ts';
import { VERSION } from './version.ts';

/** What has been started, in the order in which it has to end. */
interface Running {
  operator: DebugSessionOperator;
  recorder: EventRecorder;
  connection: Connection;
  servers: { stop(): Promise<void> }[];
}

/** Events get this long after the work has ended, in ms. */
const FLUSH_MS = 2_000;

async function start(config: Config, logger: ContextLogger): Promise<Running> {
  const metrics = createMetrics();
  const connection = connect({
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
    userAgent: `debugsession/${VERSION}`,
    onRequest: ({ verb, code }) => metrics.request(code === 0 ? '<error>' : code, verb, serverOf(connection)),
  });
  const recorder = new EventRecorder({
    port: eventPort(connection.client),
    reporter: { controller: 'debugsession.dev/operator', instance: hostname() },
    logger,
  });
  const operator = new DebugSessionOperator({
    connection,
    namespaces: config.namespaces,
    workers: config.maxConcurrentReconciles,
    recorder,
    metrics,
    logger,
  });
  const servers = await serve({ config, operator, metrics, logger });
  await operator.start();
  logger.info({ version: VERSION, server: serverOf(connection), namespaces: config.namespaces }, 'started');
  return { operator, recorder, connection, servers };
}

function serverOf({ config }: Connection): string {
  return config.getCurrentCluster()?.server ?? '';
}

interface Serving {
  config: Config;
  operator: DebugSessionOperator;
  metrics: Metrics;
  logger: ContextLogger;
}

async function serve({ config, operator, metrics, logger }: Serving): Promise<{ stop(): Promise<void> }[]> {
  const servers = [];
  if (config.healthProbeBindAddress !== undefined) {
    const readyz = { sessions: () => operator.readiness() };
    servers.push(await startHealthServer({ address: config.healthProbeBindAddress, healthz: {}, readyz, logger }));
  }
  if (config.metricsBindAddress !== undefined) {
    const counted = {
      expose: () => {
        operator.count();
        return metrics.expose();
      },
    };
    servers.push(await startMetricsServer({ address: config.metricsBindAddress, metrics: counted }));
  }
  return servers;
}

/** Ends in order: no new work, work under way, events, servers, connections. */
async function stop({ operator, recorder, connection, servers }: Running, drainMs: number): Promise<void> {
  await operator.shutDown(drainMs);
  await recorder.stop(FLUSH_MS);
  await Promise.all(servers.map((server) => server.stop()));
  await connection.client.close();
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
  const { config } = outcome;
  const logger = createLogger({ level: config.logLevel });
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  try {
    const running = await start(config, logger);
    void running.operator.synced.then(() => {
      logger.info({}, 'ready');
      running.operator.lead();
    });
    const signal = await asked;
    logger.info({ signal }, 'stopping');
    await stop(running, config.shutdownTimeout);
    logger.info({}, 'stopped');
    return 0;
  } catch (error) {
    logger.error({ err: errorMessage(error) }, 'the operator cannot run');
    return 1;
  }
}

// Set, not exit(): what is still to be written is written.
process.exitCode = await main();
