import { ApiError } from '../kube/api-error.ts';
import type { RestClient } from '../kube/rest-client.ts';

/**
 * The operator's Deployment and its container, as config/manager has them. The policy of stop pods reads the image from
 * its pods.
 */
const DEPLOYMENT = 'debugsession-controller-manager';
const CONTAINER = 'manager';

/**
 * The image that the operator's Deployment runs.
 * @param namespace of our own pod; absent outside a cluster
 * @throws Error that says what to give instead
 */
export async function ownImage(
  client: Pick<RestClient, 'get'>,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const instead = 'give --node-stop-image';
  if (namespace === undefined) throw new Error(`this operator does not run in a cluster: ${instead}`);
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${DEPLOYMENT}`;
  try {
    const { spec } = await client.get<{ spec: { template: { spec: { containers: Container[] } } } }>(path, { signal });
    const image = spec.template.spec.containers.find(({ name }) => name === CONTAINER)?.image;
    if (image !== undefined) return image;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 403)) throw error;
  }
  throw new Error(`the image of Deployment ${DEPLOYMENT} in namespace ${namespace} cannot be read: ${instead}`);
}

interface Container {
  name: string;
  image?: string;
}
