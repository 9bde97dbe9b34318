import type { Cluster } from '../../test/cluster/cluster.ts';

/** CPU seconds that the API server has used, user and system, by its own metrics. */
export async function apiServerCpuSeconds(cluster: Cluster): Promise<number> {
  const { code, stdout, stderr } = await cluster.kubectl(['get', '--raw', '/metrics']);
  if (code !== 0) throw new Error(`kubectl get --raw /metrics: ${stderr.trim()}`);
  const [, seconds] = /^process_cpu_seconds_total (\S+)$/m.exec(stdout) ?? [];
  if (seconds === undefined) throw new Error('the metrics of the API server have no process_cpu_seconds_total');
  return Number(seconds);
}
