import { afterEach, describe, expect, it } from '@jest/globals';
import type { Listener } from '../../../src/observability/http-listener.ts';
import { startMetricsServer } from '../../../src/observability/metrics-server.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { Metrics } from '../../../src/observability/metrics.ts';

let server: Listener | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Serves the metrics on loopback and reads them as a scraper would. */
async function scrape(metrics: Pick<Metrics, 'expose'>): Promise<{ contentType: string | null; lines: string[] }> {
  server ??= await startMetricsServer({ address: { host: '127.0.0.1', port: 0 }, metrics });
  const response = await fetch(`http://127.0.0.1:${server.address.port}/metrics`);
  expect(response.status).toBe(200);
  return { contentType: response.headers.get('content-type'), lines: (await response.text()).split('\n') };
}

describe('/metrics', () => {
  it('shows what was counted, under the names that dashboards know', async () => {
    const metrics = createMetrics();
    metrics.reconcile('debugsession', 'success', 0.02);
    metrics.reconcile('debugsession', 'error', 70);
    metrics.queueDepth('debugsession', 3);
    metrics.queueAdd('debugsession');
    metrics.queueRetry('debugsession');
    metrics.request(200, 'GET', '10.0.0.1:443');
    metrics.request('<error>', 'PATCH', '10.0.0.1:443');
    metrics.leader('debugsession.dev', true);
    metrics.sessions({ Running: 2, Pending: 1 });
    metrics.sessions({ Running: 1 });
    metrics.injected(0.2);
    metrics.started(3);
    metrics.ended(-4);
    metrics.ended(1.5);
    metrics.endUnconfirmed({ False: 1, Unknown: 0 });
    metrics.failure('StartTimeout');

    const { contentType, lines } = await scrape(metrics);
    expect(contentType).toContain('text/plain; version=0.0.4');
    expect(lines).toEqual(
      expect.arrayContaining([
        'controller_runtime_reconcile_total{controller="debugsession",result="success"} 1',
        'controller_runtime_reconcile_total{controller="debugsession",result="error"} 1',
        'controller_runtime_reconcile_errors_total{controller="debugsession"} 1',
        'controller_runtime_reconcile_time_seconds_bucket{le="0.025",controller="debugsession"} 1',
        'controller_runtime_reconcile_time_seconds_bucket{le="60",controller="debugsession"} 1',
        'controller_runtime_reconcile_time_seconds_bucket{le="+Inf",controller="debugsession"} 2',
        'workqueue_depth{name="debugsession"} 3',
        'workqueue_adds_total{name="debugsession"} 1',
        'workqueue_retries_total{name="debugsession"} 1',
        'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1',
        'rest_client_requests_total{code="<error>",method="PATCH",host="10.0.0.1:443"} 1',
        'leader_election_master_status{name="debugsession.dev"} 1',
        'debugsession_sessions{phase="Running"} 1',
        'debugsession_injection_seconds_bucket{le="0.25"} 1',
        'debugsession_start_seconds_sum 3',
        'debugsession_end_delay_seconds_bucket{le="0.5"} 1',
        'debugsession_end_delay_seconds_sum 1.5',
        'debugsession_end_unconfirmed{status="False"} 1',
        'debugsession_end_unconfirmed{status="Unknown"} 0',
        'debugsession_failures_total{reason="StartTimeout"} 1',
        expect.stringMatching(/^process_resident_memory_bytes \d+/),
        expect.stringMatching(/^process_cpu_seconds_total \d/),
      ]),
    );
    expect(lines.filter((line) => line.includes('Pending'))).toEqual([]);
  });

  it('has the series of errors and retries before the first of them', async () => {
    const metrics = createMetrics();
    metrics.reconcile('debugsession', 'success', 0.02);
    metrics.queueAdd('debugsession');
    expect((await metrics.expose()).body).toContain('workqueue_retries_total{name="debugsession"} 0');
    expect((await metrics.expose()).body).toContain('reconcile_errors_total{controller="debugsession"} 0');
  });

  it('is apart from that of another operator in the process', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.failure('Forbidden');
    expect((await other.expose()).body).not.toContain('Forbidden');
  });

  it('is the only page, and a failure to collect is a 500 without its words', async () => {
    server = await startMetricsServer({
      address: { host: '127.0.0.1', port: 0 },
      metrics: { expose: () => Promise.reject(new Error('inner words')) },
    });
    const base = `http://127.0.0.1:${server.address.port}`;
    expect((await fetch(`${base}/`)).status).toBe(404);
    const response = await fetch(`${base}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'internal error\n']);
  });
});
