import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { resourceSource } from '../../../src/kube/resource-source.ts';
import { RestClient } from '../../../src/kube/rest-client.ts';
import { Informer } from '../../../src/runtime/informer.ts';
import type { Stored } from '../../../src/runtime/store.ts';
import { startLoopback } from '../../support/fakes/loopback-server.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const pod = (resourceVersion: string) => ({
  metadata: { name: 'web', uid: 'u', resourceVersion },
  spec: { large: [] },
});

describe('the memory of a watch', () => {
  it('a watch that waits for its next event does not keep the event before', async () => {
    const server = await startLoopback(({ url }, response) => {
      if (!url?.includes('watch=true'))
        return response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items: [] }));
      return response.write(`${JSON.stringify({ type: 'ADDED', object: pod('6') })}\n`);
    });
    const client = new RestClient(server.config);
    const read: WeakRef<object>[] = [];
    const informer = new Informer<Stored>({
      name: 'pods',
      source: resourceSource(client, '/pods'),
      transform: (raw) => {
        read.push(new WeakRef(raw as object));
        return { metadata: { ...(raw as Stored).metadata } };
      },
    });
    const told = new EventTarget();
    informer.store.onChange(() => void told.dispatchEvent(new Event('change')));
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    try {
      await once(told, 'change');
      // A weak reference counts until the turn that made it is over.
      await turn();
      collectGarbage();
      expect(informer.store.get('web')?.metadata.resourceVersion).toBe('6');
      expect(read.map((ref) => ref.deref())).toEqual([undefined]);
    } finally {
      stop.abort();
      await running;
      await client.close();
      await server.close();
    }
  });
});
