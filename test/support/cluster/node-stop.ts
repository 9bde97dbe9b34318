import type { RestClient } from '../../../src/kube/rest-client.ts';
import { podsPath } from '../../../src/reconcile/session-api.ts';
import type { RawPod } from '../../../src/reconcile/trim.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { ConfigCopy } from './config-copy.ts';

/** Where stop pods are made. */
export const STOP_NAMESPACE = 'debugsession-node-stop';

/** Manifests with config/components/node-stop chosen, for the socket of this cluster. @param socket absent: the default one */
export function withNodeStop(socket: string | undefined): ConfigCopy {
  const copy = new ConfigCopy();
  copy.edit('config/default/kustomization.yaml', (text) => `${text}components: [../components/node-stop]\n`);
  if (socket !== undefined)
    copy.edit('config/manager/deployment.yaml', (text) =>
      text.replace(/^( *)- --leader-elect$/m, `$&\n$1- --cri-socket=${socket}`),
    );
  return copy;
}

/** Takes away what the component has made; the Deployment may stay. */
export async function removeNodeStop(cluster: Cluster): Promise<void> {
  const policies = ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'];
  const names = ['debugsession-node-stop', 'debugsession-node-stop-closed'];
  await cluster.kubectl(['delete', 'namespace', STOP_NAMESPACE, '--ignore-not-found']);
  await cluster.kubectl(['delete', policies.join(), ...names, '--ignore-not-found']);
  const image = ['role,rolebinding', 'debugsession-manager-image', '--namespace=debugsession-system'];
  await cluster.kubectl(['delete', ...image, '--ignore-not-found']);
}

/** The stop pods that there are now. */
export async function stopPods(client: RestClient): Promise<RawPod[]> {
  return (await client.list<{ items: RawPod[] }>(podsPath(STOP_NAMESPACE))).items;
}
