import { apiAnswer } from '../runtime/api-answer.ts';
import type { Lease, LeasePort } from '../runtime/lease.ts';
import { resourceSource } from './resource-source.ts';
import type { RestClient } from './rest-client.ts';

/** One Lease by name. Needs create on leases in that namespace, and get, list, watch and update on this one. */
export function leasePort(client: RestClient, namespace: string, name: string): LeasePort {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return {
    async get(signal) {
      try {
        return await client.get<Lease>(`${leases}/${name}`, { signal });
      } catch (error) {
        if (apiAnswer(error).code === 404) return undefined;
        throw error;
      }
    },
    create: (spec, signal) => {
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
      return client.create<Lease>(leases, lease, { signal });
    },
    update: (lease, signal) => client.replace<Lease>(`${leases}/${name}`, lease, { signal }),
    // The selector also tells the API server which lease is meant when a role grants this name only.
    source: resourceSource(client, leases, { fieldSelector: `metadata.name=${name}` }),
  };
}
