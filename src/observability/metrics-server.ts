import { listen } from './http-listener.ts';
import type { Listener } from './http-listener.ts';
import type { Metrics } from './metrics.ts';

/**
 * Serves /metrics. Plain HTTP without authentication: whoever can reach the address can read it. There are no names of people,
 * pods or sessions in it; bind it to 127.0.0.1 or close it off with a NetworkPolicy where even numbers are confidential.
 */
export async function startMetricsServer(options: {
  address: { host?: string; port: number };
  metrics: Pick<Metrics, 'expose'>;
}): Promise<Listener> {
  return listen({
    address: options.address,
    async answer(url) {
      return url.pathname === '/metrics' ? { status: 200, ...(await options.metrics.expose()) } : undefined;
    },
  });
}
