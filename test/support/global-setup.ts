import { buildAll } from '../../scripts/build.ts';
import { cluster } from '../cluster/cluster.ts';
import { repositoryPath } from './crd.ts';

const INSTALL = [
  ['-k', 'config/crd'],
  ['-f', 'config/manager/namespace.yaml'],
  ['-k', 'config/rbac'],
] as const;

/** Before the suites that need a cluster: the operator as it is shipped, its resource and its rights as `kubectl apply -k` would install them. */
export async function prepareCluster(): Promise<void> {
  await buildAll();
  await installResourceAndRights();
}

/** The resource, the namespace and the rights, without an operator. Waits until the resource is served. */
export async function installResourceAndRights(): Promise<void> {
  const target = cluster();
  for (const [flag, path] of INSTALL) {
    const applied = await target.kubectl(['apply', flag, repositoryPath(path)]);
    if (applied.code !== 0) throw new Error(`kubectl apply ${flag} ${path}: ${applied.stderr.trim()}`);
  }
  const served = await target.kubectl([
    'wait',
    '--for=condition=Established',
    'crd/debugsessions.debugsession.dev',
    '--timeout=30s',
  ]);
  if (served.code !== 0) throw new Error(served.stderr.trim());
}

/**
 * For suites whose tests start operators of their own.
 * @throws Error where one is installed: it would serve their sessions too, which does those no harm, but spoils what the tests look for
 */
export async function prepareClusterAlone(): Promise<void> {
  const found = await cluster().kubectl(['get', 'deployment', '--namespace=debugsession-system', '--output=name']);
  if (found.stdout !== '') {
    const wayOut = 'kubectl --namespace debugsession-system delete deployment debugsession-controller-manager';
    throw new Error(`an operator is installed in this cluster, and these tests start their own: ${wayOut}`);
  }
  await prepareCluster();
}

// Jest takes the default export for the function to call.
export { prepareClusterAlone as default };
