import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../src/runtime/logger.ts';
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
  server ??= await startMetricsServer({ address: { host: '127.0.0.1', port: 0 }, metrics, logger: silentLogger });
  const response = await fetch(`http://127.0.0.1:${server.address.port}/metrics`);
  expect(response.status).toBe(200);
  return { contentType: response.headers.get('content-type'), lines: (await response.text()).split('\n') };
}

describe('/metrics', () => {
  it('the metrics page shows the counted values under the names that dashboards know', async () => {
    const metrics = createMetrics();
    metrics.controller('debugsession', 4);
    metrics.reconcile('debugsession', { result: 'success', timedOut: false, ms: 20 });
    metrics.reconcile('debugsession', { result: 'error', error: 'terminal', timedOut: false, ms: 20 });
    metrics.reconcile('debugsession', { result: 'error', error: 'panic', timedOut: false, ms: 20 });
    metrics.reconcile('debugsession', { result: 'error', timedOut: true, ms: 70_000 });
    const running = { count: 2, totalMs: 3_500, longestMs: 2_500 };
    metrics.queueState('debugsession', { depths: new Map([[-100, 9]]), running });
    metrics.queueState('debugsession', { depths: new Map([[0, 3]]), running });
    metrics.queueAdd('debugsession');
    metrics.queueGet('debugsession', 40);
    metrics.queueDone('debugsession', 4_000);
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
    metrics.insecure(true);

    const { contentType, lines } = await scrape(metrics);
    expect(contentType).toContain('text/plain; version=0.0.4');
    expect(lines).toEqual(
      expect.arrayContaining([
        'controller_runtime_reconcile_total{controller="debugsession",result="success"} 1',
        'controller_runtime_reconcile_total{controller="debugsession",result="error"} 3',
        'controller_runtime_reconcile_errors_total{controller="debugsession"} 3',
        'controller_runtime_terminal_reconcile_errors_total{controller="debugsession"} 1',
        'controller_runtime_reconcile_panics_total{controller="debugsession"} 1',
        'controller_runtime_reconcile_timeouts_total{controller="debugsession"} 1',
        'controller_runtime_max_concurrent_reconciles{controller="debugsession"} 4',
        'controller_runtime_active_workers{controller="debugsession"} 2',
        'controller_runtime_reconcile_time_seconds_bucket{le="0.025",controller="debugsession"} 3',
        'controller_runtime_reconcile_time_seconds_bucket{le="60",controller="debugsession"} 3',
        'controller_runtime_reconcile_time_seconds_bucket{le="+Inf",controller="debugsession"} 4',
        'workqueue_depth{name="debugsession",controller="debugsession",priority="0"} 3',
        'workqueue_depth{name="debugsession",controller="debugsession",priority="-100"} 0',
        'workqueue_adds_total{name="debugsession",controller="debugsession"} 1',
        'workqueue_queue_duration_seconds_bucket{le="0.01",name="debugsession",controller="debugsession"} 0',
        'workqueue_queue_duration_seconds_bucket{le="0.1",name="debugsession",controller="debugsession"} 1',
        'workqueue_work_duration_seconds_bucket{le="1",name="debugsession",controller="debugsession"} 0',
        'workqueue_work_duration_seconds_bucket{le="10",name="debugsession",controller="debugsession"} 1',
        'workqueue_unfinished_work_seconds{name="debugsession",controller="debugsession"} 3.5',
        'workqueue_longest_running_processor_seconds{name="debugsession",controller="debugsession"} 2.5',
        'workqueue_retries_total{name="debugsession",controller="debugsession"} 1',
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
        'debugsession_insecure_no_identity 1',
        expect.stringMatching(/^process_resident_memory_bytes \d+/),
        expect.stringMatching(/^process_cpu_seconds_total \d/),
      ]),
    );
    expect(lines.filter((line) => line.includes('Pending'))).toEqual([]);
  });

  it('the metrics page has every series of a controller and its queue before the first reconcile', async () => {
    const metrics = createMetrics();
    metrics.controller('debugsession', 4);
    const { body } = await metrics.expose();
    const ours = body.split('\n').filter((line) => /^(controller_runtime|workqueue)_/.test(line));
    // Two histograms of the queue; that of the reconciles begins with the first, as in controller-runtime.
    expect(ours.filter((line) => line.includes('_bucket{'))).toHaveLength(2 * 13);
    const rest = ours.filter((line) => !line.includes('_bucket{')).map((line) => line.replace(/\{.*\}/, ''));
    expect(rest.sort()).toEqual([
      'controller_runtime_active_workers 0',
      'controller_runtime_max_concurrent_reconciles 4',
      'controller_runtime_reconcile_errors_total 0',
      'controller_runtime_reconcile_panics_total 0',
      'controller_runtime_reconcile_timeouts_total 0',
      ...Array.from({ length: 4 }, () => 'controller_runtime_reconcile_total 0'),
      'controller_runtime_terminal_reconcile_errors_total 0',
      'workqueue_adds_total 0',
      'workqueue_depth 0',
      'workqueue_longest_running_processor_seconds 0',
      'workqueue_queue_duration_seconds_count 0',
      'workqueue_queue_duration_seconds_sum 0',
      'workqueue_retries_total 0',
      'workqueue_unfinished_work_seconds 0',
      'workqueue_work_duration_seconds_count 0',
      'workqueue_work_duration_seconds_sum 0',
    ]);
  });

  it('the metrics of two operators in one process stay separate', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.failure('Forbidden');
    expect((await other.expose()).body).not.toContain('Forbidden');
  });

  it('the metrics server answers 500 when collecting fails, logs each reason once, and has no other page', async () => {
    const lines: object[] = [];
    let words = 'inner words';
    server = await startMetricsServer({
      address: { host: '127.0.0.1', port: 0 },
      metrics: { expose: () => Promise.reject(new Error(words)) },
      logger: { ...silentLogger, error: (fields) => void lines.push(fields) },
    });
    const base = `http://127.0.0.1:${server.address.port}`;
    expect((await fetch(`${base}/`)).status).toBe(404);
    const response = await fetch(`${base}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'internal error\n']);
    await fetch(`${base}/metrics`);
    expect(lines).toEqual([{ err: 'inner words', path: '/metrics' }]);
    words = 'others';
    await fetch(`${base}/metrics`);
    expect(lines.slice(1)).toEqual([{ err: 'others', path: '/metrics' }]);
  });
});
