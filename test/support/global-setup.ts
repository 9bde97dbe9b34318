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

// Jest takes the default export for the function to call.
export { prepareCluster as default };
