import type { Requester } from '../../../src/api/debugsession.ts';
import type { Cluster } from '../../cluster/cluster.ts';

/** Kubernetes serves MutatingAdmissionPolicy as v1 since 1.36: before, a person writes spec.requestedBy by hand. */
export async function fillsInRequester(cluster: Cluster): Promise<boolean> {
  const path = '/apis/admissionregistration.k8s.io/v1';
  const found = await cluster.kubectl(['get', '--raw', path]);
  if (found.code !== 0) throw new Error(`kubectl get --raw ${path}: ${found.stderr.trim()}`);
  const { resources } = JSON.parse(found.stdout) as { resources: { name: string }[] };
  return resources.some(({ name }) => name === 'mutatingadmissionpolicies');
}

/** What the administrator has to write of himself in a session: nothing, where a policy fills it in. */
export async function ownRequester(cluster: Cluster): Promise<{ requestedBy?: Requester }> {
  if (await fillsInRequester(cluster)) return {};
  const said = await cluster.kubectl(['auth', 'whoami', '--output=jsonpath={.status.userInfo}']);
  if (said.code !== 0) throw new Error(`kubectl auth whoami: ${said.stderr.trim()}`);
  return { requestedBy: JSON.parse(said.stdout) as Requester };
}
