import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { RestClient, type RestClientOptions } from '../../../src/kube/rest-client.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import { candidate } from '../../support/world/candidate.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeLeaseServer } from '../../support/fakes/fake-lease.ts';
import { startLoopback } from '../../support/fakes/loopback-server.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Scene {
  client: RestClient;
  /** Every request that the server got, such as `GET /base/x`. */
  seen: string[];
  /** Requests to /slow wait for it. */
  answerSlow: () => void;
}

async function scene(options: RestClientOptions = {}): Promise<Scene> {
  const seen: string[] = [];
  const waiting: ServerResponse[] = [];
  const server = await startLoopback(({ method, url }, response) => {
    seen.push(`${method} ${url}`);
    if (url === '/base/slow') waiting.push(response);
    else response.end('{}');
  });
  const client = new RestClient(server.config, options);
  cleanups.push(
    () => server.close(),
    () => client.close(),
  );
  return { client, seen, answerSlow: () => waiting.splice(0).forEach((response) => response.end('{}')) };
}

describe('a guarded client', () => {
  it('a guarded client sends every request while it leads, and no write while it does not lead', async () => {
    const { client, seen } = await scene();
    let leads = true;
    const guarded = client.guardedBy(() => leads);
    await guarded.create('/x', {});
    leads = false;
    const writes = [
      guarded.create('/x', {}),
      guarded.replace('/x', {}),
      guarded.patch('/x', {}, { type: 'merge' }),
      guarded.delete('/x'),
    ];
    for (const outcome of await Promise.allSettled(writes)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(NotLeaderError) });
    }
    await guarded.get('/x');
    await client.replace('/x', {});
    leads = true;
    await guarded.delete('/x');
    expect(seen).toEqual(['POST /base/x', 'GET /base/x', 'PUT /base/x', 'DELETE /base/x']);
  });

  it('a guarded client says which write it did not send', async () => {
    const { client } = await scene();
    const write = client.guardedBy(() => false).patch('/apis/x', {}, { type: 'merge' });
    await expect(write).rejects.toThrow('PATCH /apis/x was not sent: this process does not lead any more');
  });

  it('a guarded client asks when it sends the write, not when the write begins to wait for a connection', async () => {
    const { client, seen, answerSlow } = await scene({ connections: 1 });
    let leads = true;
    const guarded = client.guardedBy(() => leads);
    const first = guarded.create('/slow', {});
    while (seen.length === 0) await new Promise(setImmediate);
    const second = guarded.create('/x', {});
    await settle();
    leads = false;
    answerSlow();
    await first;
    await expect(second).rejects.toThrow(NotLeaderError);
    expect(await guarded.get('/after')).toEqual({});
    expect(seen).toEqual(['POST /base/slow', 'GET /base/after']);
  });

  it('a guarded client sends no write from a process that was frozen past its deadline within a reconcile', async () => {
    const clock = new FakeClock();
    const { client, seen } = await scene();
    let isFrozen = false;
    // Waking up: the clock has gone on, and no timer has fired yet.
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => monotonic() + (isFrozen ? 10_000 : 0);
    const leader = candidate('a', clock, new FakeLeaseServer(clock));
    await clock.advanceAsync(0);
    const guarded = client.guardedBy(() => leader.elector.isLeader());
    const reconcile = async (): Promise<void> => {
      const object = await guarded.get('/session');
      isFrozen = true;
      await guarded.replace('/session', object);
    };
    await expect(reconcile()).rejects.toThrow(NotLeaderError);
    expect(seen).toEqual(['GET /base/session']);
    await leader.stop();
  });
});
