import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';

/** The one request that a debug container needs: nobody checks, records or ends anything. */
export async function barePatch(client: RestClient, namespace: string, pod: string, name: string): Promise<void> {
  const container = { name, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sleep', '600'] };
  const path = `${podsPath(namespace)}/${pod}/ephemeralcontainers`;
  await client.patch(path, { spec: { ephemeralContainers: [container] } }, { type: 'strategic' });
}
