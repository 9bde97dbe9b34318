import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config/flags.ts';
import { accessReviews } from './kube/access-reviews.ts';
import type { RestClient } from './kube/rest-client.ts';
import { DelegatedAccess } from './observability/delegated-access.ts';
import { startHealthServer, type HealthCheck } from './observability/health.ts';
import { startMetricsServer, type MetricsServerOptions } from './observability/metrics-server.ts';
import { selfSignedCertificate, type KeyPair } from './observability/self-signed-certificate.ts';
import { followKeyPair, readKeyPair, type CertificateFiles } from './observability/serving-certificate.ts';
import { systemClock } from './runtime/clock.ts';
import type { Logger } from './runtime/logger.ts';

export interface Served {
  config: Config;
  client: RestClient;
  readyz: Readonly<Record<string, HealthCheck>>;
  metrics: MetricsServerOptions['metrics'];
  logger: Logger;
}

/** What is to be stopped at the end. */
type Running = { stop(): Promise<void> };

/**
 * As client-go's cert.GenerateSelfSignedCertKey: nobody checks it, and a process that old gets a new one with its next
 * start.
 */
const SELF_SIGNED_DAYS = 365;

/**
 * Probes and metrics, where they are wanted. Rejects when an address is taken or a certificate cannot be read; nothing
 * is served then.
 */
export async function serve(served: Served): Promise<Running[]> {
  const { config, readyz, logger } = served;
  const [probes, metrics] = [config.healthProbeBindAddress, config.metricsBindAddress];
  const running: Running[] = [];
  try {
    if (probes) running.push(await startHealthServer({ address: probes, healthz: {}, readyz, logger }));
    if (metrics) running.push(await serveMetrics(served, metrics));
    return running;
  } catch (error) {
    // A server that goes on listening would keep the process from ending.
    await Promise.all(running.map((server) => server.stop()));
    throw error;
  }
}

function serveMetrics(served: Served, address: MetricsServerOptions['address']): Promise<Running> {
  const { config, metrics, logger } = served;
  return config.metricsSecure ? serveSecurely(served, address) : startMetricsServer({ metrics, address, logger });
}

async function serveSecurely(served: Served, address: MetricsServerOptions['address']): Promise<Running> {
  const { config, client, metrics, logger } = served;
  const files = config.metricsCertPath === undefined ? undefined : certificateFiles(config, config.metricsCertPath);
  const certificate = files === undefined ? selfSigned() : await readKeyPair(files);
  const access = new DelegatedAccess(accessReviews(client), systemClock);
  const server = await startMetricsServer({ metrics, address, secure: { certificate, access }, logger });
  const unfollow = files && followKeyPair(files, certificate, { use: (pair) => server.renew(pair), logger });
  return {
    stop: () => {
      unfollow?.();
      return server.stop();
    },
  };
}

function certificateFiles({ metricsCertName, metricsCertKey }: Config, folder: string): CertificateFiles {
  return { cert: join(folder, metricsCertName), key: join(folder, metricsCertKey) };
}

function selfSigned(): KeyPair {
  return selfSignedCertificate({ hostname: hostname(), now: new Date(systemClock.now()), days: SELF_SIGNED_DAYS });
}
