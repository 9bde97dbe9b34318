import { readFileSync, writeFileSync } from 'node:fs';
import { launchedCluster } from './cluster/cluster.ts';
import { kubernetesMinors } from './cluster/kubernetes-version.ts';
import { launcher } from './cluster/launch.ts';
import { cachePaths } from './cluster/paths.ts';
import { findInstance } from './cluster/slots.ts';
import { fillsInRequester } from './support/cluster/fill-in.ts';
import { repositoryPath } from './support/documents/crd.ts';
import { rowOf, withRows, type VersionResult } from './support/documents/versions-table.ts';
import type { Count } from './jest-report.ts';
import { Tally } from './tally.ts';

// `make test-versions`: the same tests on each version of Kubernetes that the launcher builds, each on a cluster of its
// own, API server and node alike. VERSIONS='1.37' takes some of them. The rows of docs/versions.md are what came
// of it.

const PAGE = repositoryPath('docs/versions.md');

interface Suite {
  project: 'integration' | 'e2e' | 'security';
  workers: number;
  /** Parts of the names of the files. */
  files: string[];
}

/** What depends on the API server, the kubelet and admission. The other files ask the same of our own code. */
const SUITES: readonly Suite[] = [
  { project: 'integration', workers: 2, files: ['manifests', 'exec-policy', 'informer', 'rest-client', 'kubectl'] },
  { project: 'e2e', workers: 3, files: ['e2e/main-job', 'e2e/re-debugging', 'refusals', 'e2e/stop', 'e2e/tracking'] },
  { project: 'security', workers: 1, files: ['security/identity', 'security/guard', 'security/by-hand'] },
];

/**
 * Before 1.36 the person writes spec.requestedBy. The other files have manifests without it, mutating policies, or the
 * words of newer API servers.
 */
const BY_HAND: readonly Suite[] = [
  { project: 'integration', workers: 2, files: ['exec-policy', 'informer', 'rest-client'] },
  { project: 'e2e', workers: 3, files: ['e2e/main-job', 'e2e/refusals.test', 'e2e/stop', 'e2e/tracking'] },
  { project: 'security', workers: 1, files: ['security/by-hand'] },
];

const asked = (process.env['VERSIONS'] || kubernetesMinors().join(' ')).trim().split(/[\s,]+/);
for (const minor of asked) {
  if (!kubernetesMinors().includes(minor))
    throw new Error(`VERSIONS names ${JSON.stringify(minor)}; there are ${kubernetesMinors().join(', ')}`);
}

const tally = new Tally();
for (const minor of asked) await testOn(minor);
tally.end();

async function testOn(minor: string): Promise<void> {
  const name = `k8s-${minor.replace('.', '-')}`;
  const env = { KUBERNETES_VERSION: minor, CLUSTER_NAME: name };
  if (await tally.check(`Kubernetes ${minor}: cluster`, launcher('up'), env)) {
    const about = await aboutCluster(name);
    const counts: Record<string, Count> = {};
    for (const { project, ...options } of about.fillsIn ? SUITES : BY_HAND) {
      const title = `Kubernetes ${minor}: ${project}`;
      counts[project] = await tally.suite(project, { ...options, title, env, again: true });
    }
    const page = readFileSync(PAGE, 'utf8');
    writeFileSync(PAGE, withRows(page, [rowOf({ minor, ...about, counts })]));
  }
  await tally.check(`Kubernetes ${minor}: cluster-down`, launcher('down'), env);
}

async function aboutCluster(name: string): Promise<Omit<VersionResult, 'minor' | 'counts'>> {
  const instance = findInstance(name, cachePaths(process.env));
  if (instance === undefined) throw new Error(`there is no cluster ${name}`);
  const cluster = launchedCluster(instance);
  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const { gitVersion } = JSON.parse(await said('get', '--raw', '/version')) as { gitVersion: string };
  const kubelet = await said('get', 'nodes', '--output=jsonpath={.items[0].status.nodeInfo.kubeletVersion}');
  return { server: gitVersion, kubelet, fillsIn: await fillsInRequester(cluster) };
}
