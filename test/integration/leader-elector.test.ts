import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { connectToCluster } from '../support/cluster/connect-to-cluster.ts';
import { leasePort } from '../../src/kube/lease-port.ts';
import { LeaderElector } from '../../src/runtime/leader-elector.ts';
import type { Lease } from '../../src/runtime/lease.ts';

const { client } = connectToCluster();
const ns = `leader-elector-${randomBytes(4).toString('hex')}`;

beforeAll(() => client.create('/api/v1/namespaces', { metadata: { name: ns } }));
afterAll(async () => {
  await client.delete(`/api/v1/namespaces/${ns}`);
  await client.close();
});

it('the leader elector holds, renews and hands over a Lease of a real API server', async () => {
  const elect = (identity: string) => {
    const started = Promise.withResolvers<void>();
    const controller = new AbortController();
    const elector = new LeaderElector({
      port: leasePort(client, { namespace: ns, name: 'test', annotations: { 'debugsession.dev/namespaces': '*' } }),
      identity,
      retryPeriodMs: 100,
      onStarted: () => started.resolve(),
    });
    const running = elector.run(controller.signal);
    return { elector, started: started.promise, stop: () => (controller.abort(new Error('stop')), running) };
  };
  const read = () => client.get<Lease>(`/apis/coordination.k8s.io/v1/namespaces/${ns}/leases/test`);

  const a = elect('a');
  await a.started;
  const first = await read();
  const b = elect('b');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const later = await read();
  expect(later.spec).toMatchObject({ holderIdentity: 'a', acquireTime: first.spec.acquireTime, leaseTransitions: 0 });
  expect(later.spec.renewTime).not.toBe(first.spec.renewTime);
  expect([a.elector.isLeader(), b.elector.isLeader()]).toEqual([true, false]);

  await a.stop();
  await b.started;
  expect((await read()).spec).toMatchObject({ holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 1 });
  await b.stop();
  expect((await read()).spec.holderIdentity).toBeUndefined();
});
