import { apiAnswer } from '../runtime/api-answer.ts';
import type { Lease, LeasePort } from '../runtime/lease.ts';
import { resourceSource } from './resource-source.ts';
import type { RestClient } from './rest-client.ts';

/** Where a Lease is, and what stands in it besides. */
export interface LeaseOptions {
  namespace: string;
  name: string;
  /** Written with each renewal. Default: none. Annotations of others stay. */
  annotations?: Readonly<Record<string, string>>;
}

/** One Lease by name. Needs create on leases in that namespace, and get, list, watch and update on this one. */
export function leasePort(client: RestClient, { namespace, name, annotations }: LeaseOptions): LeasePort {
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
      const metadata = { name, annotations };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
      return client.create<Lease>(leases, lease, { signal });
    },
    update: ({ metadata, ...lease }, signal) => {
      const body = { ...lease, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
      return client.replace<Lease>(`${leases}/${name}`, body, { signal });
    },
    // The selector also tells the API server which lease is meant when a role grants this name only.
    source: resourceSource(client, leases, { fieldSelector: `metadata.name=${name}` }),
  };
}
