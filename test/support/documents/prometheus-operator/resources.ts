import { join } from 'node:path';
import { cluster } from '../../../cluster/cluster.ts';
import { withLock } from '../../../cluster/lock.ts';
import { mustRun } from '../../../cluster/run-program.ts';
import { kubectl } from '../../cluster/api-server.ts';

const MODULE = 'github.com/prometheus-operator/prometheus-operator';
const PLURALS = ['servicemonitors', 'prometheusrules'];
const NAMES = PLURALS.map((plural) => `crd/${plural}.monitoring.coreos.com`);

/**
 * Runs `work` while the API server knows the resources of the Prometheus operator that config/prometheus is made of:
 * its own definitions, from its Go module in the version that go.mod beside this file pins. In a cluster that has them
 * already, those are taken. One caller at a time, and afterwards the cluster is as it was.
 * @throws Error with the words of Go when the module cannot be had
 */
export async function withMonitoringResources<T>(work: () => Promise<T>): Promise<T> {
  return withLock(`monitoring resources ${cluster().name}`, waiting, async () => {
    if (await areThere()) return work();
    const folder = await fetchDefinitions();
    const files = PLURALS.flatMap((plural) => ['-f', join(folder, `monitoring.coreos.com_${plural}.yaml`)]);
    try {
      // On the server's side: as an annotation of a client the larger one would be too long.
      await kubectl('apply', '--server-side', ...files);
      await kubectl('wait', '--for=condition=Established', '--timeout=300s', ...NAMES);
      return await work();
    } finally {
      await kubectl('delete', '--ignore-not-found', ...files);
    }
  });
}

/** The rights of somebody else's cluster may not be enough to install anything. */
async function areThere(): Promise<boolean> {
  return (await cluster().kubectl(['get', ...NAMES])).code === 0;
}

/** The folder of the definitions in Go's own cache, where the content is what go.sum says. */
export async function fetchDefinitions(): Promise<string> {
  const download = ['go', 'mod', 'download', '-json', MODULE];
  const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const answer = await mustRun(download, { cwd: import.meta.dirname, env });
  return join((JSON.parse(answer) as { Dir: string }).Dir, 'example', 'prometheus-operator-crd');
}

function waiting(): void {
  // Nobody is told: the lock is held for seconds.
}
