import type { Stage } from './stage.ts';

const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';

/**
 * Lets an account of the stage's namespace read the admission policy that says who asks, as config/rbac lets the
 * operator's: a right of the whole cluster, without which it injects nothing. The binding goes with the namespace.
 */
export async function letReadPolicy(stage: Stage, account: string): Promise<void> {
  const { namespace, client } = stage;
  const { metadata } = await client.get<{ metadata: { uid: string } }>(`/api/v1/namespaces/${namespace}`);
  await client.create(BINDINGS, {
    metadata: {
      name: `${namespace}-${account}-reads-policy`,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: metadata.uid }],
    },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'debugsession-policy-reader' },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
  });
}
