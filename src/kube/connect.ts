import { KubeConfig } from '@kubernetes/client-node';
import { errorMessage } from '../runtime/error-message.ts';
import { RestClient } from './rest-client.ts';
import type { RestClientOptions } from './rest-client.ts';

export interface ConnectOptions extends RestClientOptions {
  /** Path of a kubeconfig. Default: $KUBECONFIG, ~/.kube/config, then the pod's service account, as kubectl does it. */
  kubeconfig?: string;
}

export interface Connection {
  client: RestClient;
  /** Of the current context, in a cluster the pod's own; `default` when neither says. */
  namespace: string;
  /** The namespace of our own pod; absent outside a cluster. */
  podNamespace?: string;
  /** For the skeleton, which wants to hold one. */
  config: KubeConfig;
}

/** What client-node calls the user that it makes of a service account. */
const IN_CLUSTER_USER = 'inClusterUser';

/** client-node answers this when it finds nothing at all; nobody means it. */
const guessedServer = 'http://localhost:8080';

/**
 * Finds the cluster and who we are in it. It makes no request.
 * @throws Error when there is no usable configuration
 */
export function connect(options: ConnectOptions = {}): Connection {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    const where = options.kubeconfig ?? 'the default kubeconfig';
    throw new Error(`${where} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  if (config.getCurrentCluster()?.server === guessedServer && !options.kubeconfig) {
    throw new Error('no kubeconfig and no service account: set KUBECONFIG or run in a pod');
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default';
  const inCluster = config.getCurrentUser()?.name === IN_CLUSTER_USER;
  return { client: new RestClient(config, options), namespace, ...(inCluster && { podNamespace: namespace }), config };
}
