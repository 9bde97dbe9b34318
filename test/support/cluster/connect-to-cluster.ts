import { connect, type Connection, type ConnectOptions } from '../../../src/kube/connect.ts';
import { cluster } from '../../cluster/cluster.ts';

/** Our own client, as the administrator of the cluster that the suites run on. */
export function connectToCluster(options: ConnectOptions = {}): Connection {
  const { kubeconfig } = cluster();
  return connect({ userAgent: 'debugsession/test', ...(kubeconfig !== undefined && { kubeconfig }), ...options });
}
