import type { RestClient } from '../../../src/kube/rest-client.ts';
import { podsPath } from '../../../src/reconcile/session-api.ts';
import type { RawPod } from '../../../src/reconcile/trim.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { ConfigCopy } from './config-copy.ts';
import { OPERATOR_NAMESPACE } from './installation.ts';

/** Where stop pods are made. */
export const STOP_NAMESPACE = 'debugsession-node-stop';

const NOBODY = 'operator-that-never-runs';

/**
 * Manifests with config/components/node-stop chosen, for the socket of this cluster.
 * @param socket absent: the default one
 */
export function withNodeStop(socket: string | undefined): ConfigCopy {
  const copy = new ConfigCopy();
  copy.edit('config/default/kustomization.yaml', (text) => `${text}components: [../components/node-stop]\n`);
  if (socket !== undefined)
    copy.edit('config/manager/deployment.yaml', (text) =>
      text.replace(/^( *)- --leader-elect$/m, `$&\n$1- --cri-socket=${socket}`),
    );
  return copy;
}

/**
 * The component without an operator: its Deployment has no replicas. A pod like one of its own is there, which never
 * starts: the policies need it as their parameter.
 * @param image full reference
 */
export async function applyNodeStop(cluster: Cluster, image: string): Promise<void> {
  const copy = withNodeStop(cluster.node?.runtimeSocket);
  const [newName = '', newTag = ''] = image.split(/:(?=[^/]*$)/);
  copy.edit('config/manager/deployment.yaml', (text) => text.replace('replicas: 2', 'replicas: 0'));
  copy.edit('config/manager/kustomization.yaml', (text) =>
    text
      .replace('newName: debugsession-operator', `newName: ${newName}`)
      .replace('newTag: 0.1.0', `newTag: "${newTag}"`),
  );
  try {
    const applied = await cluster.kubectl(['apply', '-k', copy.path('config/default')]);
    if (applied.code !== 0) throw new Error(applied.stderr);
    const made = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(operatorPod(cluster, image)) });
    if (made.code !== 0) throw new Error(made.stderr);
  } finally {
    copy.remove();
  }
}

function operatorPod({ node }: Cluster, image: string): object {
  const labels = { 'app.kubernetes.io/name': 'debugsession', 'app.kubernetes.io/component': 'manager' };
  const securityContext = {
    ...{ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NOBODY, namespace: OPERATOR_NAMESPACE, labels },
    spec: {
      schedulingGates: [{ name: 'debugsession.dev/never' }],
      containers: [{ name: 'manager', image, args: [`--cri-socket=${node?.runtimeSocket}`], securityContext }],
    },
  };
}

/** Takes away what the component has made, and the Deployment, which the other suites do not expect. */
export async function removeNodeStop(cluster: Cluster): Promise<void> {
  const policies = ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'];
  const names = ['debugsession-node-stop', 'debugsession-node-stop-closed'];
  await cluster.kubectl(['delete', 'namespace', STOP_NAMESPACE, '--ignore-not-found']);
  await cluster.kubectl(['delete', policies.join(), ...names, '--ignore-not-found']);
  await cluster.kubectl([
    ...['delete', 'deployment', 'debugsession-controller-manager', '--namespace=debugsession-system'],
    '--ignore-not-found',
  ]);
  await cluster.kubectl(['delete', 'pod', NOBODY, `--namespace=${OPERATOR_NAMESPACE}`, '--ignore-not-found']);
  const image = ['role,rolebinding', 'debugsession-manager-image', '--namespace=debugsession-system'];
  await cluster.kubectl(['delete', ...image, '--ignore-not-found']);
}

/** The stop pods that there are now. */
export async function stopPods(client: RestClient): Promise<RawPod[]> {
  return (await client.list<{ items: RawPod[] }>(podsPath(STOP_NAMESPACE))).items;
}
