import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { Listener } from '../../../src/observability/http-listener.ts';
import { startHealthServer } from '../../../src/observability/health.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { patient } from '../../support/patience.ts';

interface Lines {
  reason?: string;
}

let server: Listener | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(readyz: Record<string, () => string | undefined> = {}, logger = silentLogger) {
  server = await startHealthServer({ address: { host: '127.0.0.1', port: 0 }, healthz: {}, readyz, logger });
  return server;
}

async function get(path: string, init?: RequestInit): Promise<[status: number, body: string]> {
  const response = await fetch(`http://127.0.0.1:${server?.address.port}${path}`, init);
  return [response.status, await response.text()];
}

describe('the health server', () => {
  it('the health server answers each endpoint from the present state of its checks', async () => {
    let synced: string | undefined = 'cache not synced: secret words';
    await start({ leader: () => undefined, cache: () => synced });
    expect(await get('/healthz')).toEqual([200, 'ok']);
    expect(await get('/healthz?verbose')).toEqual([200, 'healthz check passed\n']);
    expect(await get('/readyz')).toEqual([
      500,
      '[+]leader ok\n[-]cache failed: reason withheld\nreadyz check failed\n',
    ]);
    expect(await get('/readyz?exclude=cache')).toEqual([200, 'ok']);
    expect(await get('/readyz?verbose&exclude=cache')).toEqual([
      200,
      '[+]leader ok\n[+]cache excluded: ok\nreadyz check passed\n',
    ]);
    expect(await get('/readyz/cache')).toEqual([500, 'readyz/cache check failed: reason withheld\n']);
    expect(await get('/readyz/leader')).toEqual([200, 'ok']);
    synced = undefined;
    expect(await get('/readyz/')).toEqual([200, 'ok']);
    expect(await get('/readyz?verbose=1')).toEqual([200, '[+]leader ok\n[+]cache ok\nreadyz check passed\n']);
  });

  it('the health server tells only the log why a check fails, and a check that throws fails', async () => {
    const reasons: unknown[] = [];
    await start(
      {
        bad: () => {
          throw new Error('no\ngood');
        },
      },
      { ...silentLogger, info: (fields) => void reasons.push(fields) },
    );
    expect((await get('/readyz'))[0]).toBe(500);
    expect(reasons).toEqual([{ endpoint: 'readyz', check: 'bad', reason: 'no good' }]);
  });

  it('the health server logs each reason once, not with each probe, and logs when the check passes again', async () => {
    let reason: string | undefined = 'first';
    const lines: unknown[] = [];
    const info = (fields: object, message: string): void => void lines.push([message, (fields as Lines).reason]);
    await start({ cache: () => reason }, { ...silentLogger, info });
    for (const next of ['first', 'second', 'second', undefined, undefined, 'second']) {
      reason = next;
      await get('/readyz');
    }
    expect(lines).toEqual([
      ['health check failed', 'first'],
      ['health check failed', 'second'],
      ['health check passes again', undefined],
      ['health check failed', 'second'],
    ]);
  });

  it.each(['/', '/metrics', '/readyz/none', '/readyz/toString', '/readyz/a/b', '//', '/__proto__'])(
    'the health server has no page at %s',
    async (path) => {
      await start({ a: () => undefined });
      expect((await get(path))[0]).toBe(404);
    },
  );

  it('the health server takes only GET and HEAD', async () => {
    await start();
    expect(await get('/healthz', { method: 'HEAD' })).toEqual([200, '']);
    expect((await get('/healthz', { method: 'POST', body: 'x' }))[0]).toBe(405);
  });

  it('the health server names the address that it cannot have', async () => {
    const { port } = (await start()).address;
    const second = startHealthServer({
      address: { host: '127.0.0.1', port },
      healthz: {},
      readyz: {},
      logger: silentLogger,
    });
    await expect(second).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
  });

  it('the health server stops although clients keep their connections, and frees the port', async () => {
    const { address, stop } = await start();
    const idle = connect(address.port, '127.0.0.1');
    const half = connect(address.port, '127.0.0.1');
    await Promise.all([once(idle, 'connect'), once(half, 'connect')]);
    half.write('GET /healthz HTTP/1.1\r\n');
    expect((await get('/healthz'))[0]).toBe(200);
    const closed = Promise.all([once(idle, 'close'), once(half, 'close')]);
    const started = performance.now();
    await Promise.all([stop(), stop()]);
    expect(performance.now() - started).toBeLessThan(patient(2_000));
    await closed;
    server = await startHealthServer({
      address: { host: '127.0.0.1', port: address.port },
      healthz: {},
      readyz: {},
      logger: silentLogger,
    });
    expect(server.address).toEqual({ host: '127.0.0.1', port: address.port });
  });
});
