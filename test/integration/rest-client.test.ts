import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { connectToCluster } from '../support/cluster/connect-to-cluster.ts';
import type { WatchEvent } from '../../src/runtime/watch-event.ts';
import { collect } from '../support/fakes/collect.ts';

interface ConfigMap {
  metadata: { name: string; resourceVersion: string };
  data?: Record<string, string>;
}

/** Our client against a real API server. */
describe('RestClient with a real API server', () => {
  const { client, namespace } = connectToCluster();
  const ns = `rest-client-${randomBytes(4).toString('hex')}`;
  const maps = `/api/v1/namespaces/${ns}/configmaps`;
  const configMap = (name: string, data: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
  });

  beforeAll(() => client.create('/api/v1/namespaces', { metadata: { name: ns } }));
  afterAll(async () => {
    await client.delete(`/api/v1/namespaces/${ns}`);
    await client.close();
  });

  it('the REST client connects as the kubeconfig says', async () => {
    expect(namespace).not.toBe('');
    expect(await client.get('/version')).toMatchObject({ major: '1' });
  });

  it('the REST client creates, reads, patches, replaces, lists and deletes an object', async () => {
    const created = await client.create<ConfigMap>(maps, configMap('crud', { a: '1' }));
    await client.patch(`${maps}/crud`, { data: { b: '2' } }, { type: 'strategic', fieldManager: 'test' });
    await client.patch(`${maps}/crud`, { data: { a: null } }, { type: 'merge' });
    const read = await client.get<ConfigMap>(`${maps}/crud`);
    expect(read.data).toEqual({ b: '2' });
    const stale = { ...read, metadata: { ...read.metadata, resourceVersion: created.metadata.resourceVersion } };
    await expect(client.replace(`${maps}/crud`, stale)).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
    await client.replace(`${maps}/crud`, { ...read, data: { only: 'this' } });
    const list = await client.list<{ items: ConfigMap[] }>(maps, { fieldSelector: 'metadata.name=crud' });
    expect(list.items.map((item) => item.data)).toEqual([{ only: 'this' }]);
    await client.delete(`${maps}/crud`);
    await expect(client.get(`${maps}/crud`)).rejects.toMatchObject({ code: 404, details: { name: 'crud' } });
  });

  it('the REST client names the invalid field of a refused object', async () => {
    const wrong = configMap('NOT a name', {});
    await expect(client.create(maps, wrong)).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { causes: [{ field: 'metadata.name' }] },
    });
  });

  it('the REST client watches from a resourceVersion until it is aborted', async () => {
    const created = await client.create<ConfigMap>(maps, configMap('watched', {}));
    const controller = new AbortController();
    const seen: string[] = [];
    const { resourceVersion } = created.metadata;
    const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 60 };
    const watching = (async () => {
      const events: AsyncIterable<WatchEvent<ConfigMap>> = client.watch(maps, query, controller.signal);
      for await (const { type, object } of events) {
        seen.push(`${type} ${object.metadata.name} ${object.data?.['text'] ?? ''}`);
        if (type === 'DELETED') controller.abort(new Error('enough'));
      }
    })();
    // Expected from now on: the event may come, and end the watch, before the answer of the delete itself.
    const aborted = expect(watching).rejects.toThrow('enough');
    await client.patch(`${maps}/watched`, { data: { text: 'größer 🙂' } }, { type: 'merge' });
    await client.delete(`${maps}/watched`);
    await aborted;
    expect(seen).toEqual(['MODIFIED watched größer 🙂', 'DELETED watched größer 🙂']);
  });

  it('the REST client ends a watch quietly when the API server ends it', async () => {
    await client.create(maps, configMap('still', {}));
    const query = { fieldSelector: 'metadata.name=still', timeoutSeconds: 1 };
    const events = await collect(client.watch<ConfigMap>(maps, query));
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED still']);
  });
});
