import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { connectToCluster } from '../support/cluster/connect-to-cluster.ts';
import { resourceSource } from '../../src/kube/resource-source.ts';
import { Informer } from '../../src/runtime/informer.ts';
import type { Stored } from '../../src/runtime/store.ts';

interface ConfigMap extends Stored {
  data?: Record<string, string>;
}

const { client } = connectToCluster();
const ns = `informer-${randomBytes(4).toString('hex')}`;
const maps = `/api/v1/namespaces/${ns}/configmaps`;

beforeAll(() => client.create('/api/v1/namespaces', { metadata: { name: ns } }));
afterAll(async () => {
  await client.delete(`/api/v1/namespaces/${ns}`);
  await client.close();
});

/** Resolves when the store has changed so that `holds` is true. */
function until(informer: Informer<ConfigMap>, holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = informer.store.onChange(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

it('the informer follows a resource of a real API server, page by page and event by event', async () => {
  const create = (name: string) =>
    client.create<ConfigMap>(maps, { metadata: { name, labels: { mine: 'yes' } }, data: { n: '1' } });
  for (const name of ['a', 'b', 'c']) await create(name);
  const source = resourceSource(client, maps, { labelSelector: 'mine=yes' });
  const informer = new Informer<ConfigMap>({ name: 'configmaps', source, pageSize: 2 });
  const controller = new AbortController();
  const running = informer.run(controller.signal);
  await informer.synced;
  expect(informer.store.list().map((map) => map.metadata.name)).toEqual(['a', 'b', 'c']);

  const written = await client.patch<ConfigMap>(`${maps}/a`, { data: { n: '2' } }, { type: 'merge' });
  informer.store.upsert(written);
  expect(informer.store.get(`${ns}/a`)?.data).toEqual({ n: '2' });

  await create('d');
  await client.delete(`${maps}/b`);
  await until(informer, () => informer.store.get(`${ns}/d`) !== undefined && !informer.store.get(`${ns}/b`));
  expect(informer.store.size).toBe(3);
  controller.abort();
  await running;
});
