import { ApiError } from '../../../src/kube/api-error.ts';
import type { RestClient } from '../../../src/kube/rest-client.ts';
import { podsPath } from '../../../src/reconcile/session-api.ts';

const BINDING = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/debugsession-guard';

/** Binds the guard to all namespaces but these. @param namespaces undefined: to all, as it is shipped */
export async function bindGuardOutside(client: RestClient, namespaces: readonly string[] | undefined): Promise<void> {
  const outside = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: namespaces };
  const matchResources = namespaces && { namespaceSelector: { matchExpressions: [outside] } };
  await client.patch(BINDING, { spec: { matchResources: matchResources ?? null } }, { type: 'merge' });
}

/**
 * The time of an exec that goes through all of admission, and then has no such container: no kubelet's time is in it.
 * In ms.
 * @throws Error for any other answer than that
 */
export async function execTime(client: RestClient, namespace: string, pod: string): Promise<number> {
  const query = new URLSearchParams({ container: 'debug-ffffffff-1', command: 'true', stdout: 'true' });
  const begin = performance.now();
  const answer = await client
    .create(`${podsPath(namespace)}/${pod}/exec?${query.toString()}`, {})
    .catch((error: unknown) => error);
  const took = performance.now() - begin;
  if (!(answer instanceof ApiError && answer.code === 400))
    throw new Error(`exec into a container that is not there: ${String(answer)}`);
  return took;
}
