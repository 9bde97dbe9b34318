import { connect, type Connection, type ConnectOptions } from '../../../src/kube/connect.ts';
import { cluster } from '../../cluster/cluster.ts';

/** For one answer, longer than the operator waits: no test fails because the machine is busy. */
const TIMEOUT_MS = 60_000;

/** Our own client, as the administrator of the cluster that the suites run on. */
export function connectToCluster(options: ConnectOptions = {}): Connection {
  const { kubeconfig } = cluster();
  const usual = { userAgent: 'debugsession-tests', timeoutMs: TIMEOUT_MS };
  return connect({ ...usual, ...(kubeconfig !== undefined && { kubeconfig }), ...options });
}
