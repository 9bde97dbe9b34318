import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { connectToCluster } from '../support/cluster/connect-to-cluster.ts';
import { eventPort } from '../../src/kube/event-port.ts';
import type { EventObject } from '../../src/runtime/event.ts';
import { EventRecorder } from '../../src/runtime/event-recorder.ts';

const { client } = connectToCluster();
const ns = `event-recorder-${randomBytes(4).toString('hex')}`;

beforeAll(() => client.create('/api/v1/namespaces', { metadata: { name: ns } }));
afterAll(async () => {
  await client.delete(`/api/v1/namespaces/${ns}`);
  await client.close();
});

it('the event recorder writes events that the API server accepts: single, series, keyed', async () => {
  const reporter = { controller: 'debugsession.dev/controller', instance: 'pod-1' };
  const losses: unknown[] = [];
  const keep = (fields: object): void => void losses.push(fields);
  const logger = { debug: () => undefined, info: keep, warn: keep, error: keep };
  const start = () => new EventRecorder({ port: eventPort(client), reporter, logger });
  const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: ns, name: 'web.', uid: 'u1' };
  const related = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u2' };
  const event = { regarding, related, type: 'Warning', reason: 'Tested', action: 'Test' } as const;

  const first = start();
  first.record({ ...event, note: 'ü'.repeat(2000) });
  first.record({ ...event, note: 'again and again' });
  first.record({ ...event, note: 'again and again' });
  first.record({ ...event, note: 'once', key: 'k' });
  await first.stop(5_000);
  const second = start();
  second.record({ ...event, note: 'once more', key: 'k' });
  second.record({ ...event, note: 'a patch follows', regarding: { ...regarding, uid: 'u3' } });
  await new Promise((resolve) => setImmediate(resolve));
  second.record({ ...event, note: 'a patch follows', regarding: { ...regarding, uid: 'u3' } });
  await second.stop(5_000);

  expect(losses).toEqual([]);
  const { items } = await client.list<{ items: EventObject[] }>(`/apis/events.k8s.io/v1/namespaces/${ns}/events`);
  const summary = items.map(({ note, series }) => `${note.slice(0, 20)} x${series?.count ?? 1}`).sort();
  expect(summary).toEqual(['a patch follows x2', 'again and again x2', 'once x1', `${'ü'.repeat(20)} x1`]);
});
