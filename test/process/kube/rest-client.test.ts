import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import { type RequestReport, RestClient, type RestClientOptions } from '../../../src/kube/rest-client.ts';
import { collect } from '../../support/fakes/collect.ts';
import { type LoopbackServer, startLoopback } from '../../support/fakes/loopback-server.ts';
import { patient } from '../../support/patience.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  options: RestClientOptions = {},
): Promise<{ client: RestClient; server: LoopbackServer; reports: RequestReport[] }> {
  const server = await startLoopback(answer);
  const reports: RequestReport[] = [];
  const client = new RestClient(server.config, { ...options, onRequest: (report) => void reports.push(report) });
  cleanups.push(
    () => server.close(),
    () => client.close(),
  );
  return { client, server, reports };
}

const json = (response: ServerResponse, code: number, body: unknown, headers = {}): void => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

describe('RestClient', () => {
  it('the REST client sends verb, path, query, content type, credentials and its name', async () => {
    const seen: unknown[] = [];
    const { client, reports } = await start(
      ({ method, url, headers }, response, body) => {
        seen.push([method, url, headers['content-type'], body]);
        json(response, 200, { agent: headers['user-agent'], as: headers.authorization });
      },
      { userAgent: 'debugsession/1.2.3' },
    );
    expect(await client.get('/api/v1/pods', { query: { fieldSelector: 'a=b', limit: undefined } })).toEqual({
      agent: 'debugsession/1.2.3',
      as: 'Bearer test-token',
    });
    await client.list('/l', { limit: 500, continue: 'a+b' });
    await client.create('/c', { x: 'ü' });
    await client.replace('/r', {});
    await client.patch('/p', [], { type: 'strategic', fieldManager: 'me', query: { dryRun: 'All' } });
    await client.patch('/m', {}, { type: 'merge' });
    await client.delete('/d', { body: { preconditions: {} } });
    expect(seen).toEqual([
      ['GET', '/base/api/v1/pods?fieldSelector=a%3Db', undefined, ''],
      ['GET', '/base/l?limit=500&continue=a%2Bb', undefined, ''],
      ['POST', '/base/c', 'application/json', '{"x":"ü"}'],
      ['PUT', '/base/r', 'application/json', '{}'],
      ['PATCH', '/base/p?fieldManager=me&dryRun=All', 'application/strategic-merge-patch+json', '[]'],
      ['PATCH', '/base/m', 'application/merge-patch+json', '{}'],
      ['DELETE', '/base/d', 'application/json', '{"preconditions":{}}'],
    ]);
    expect(reports[0]).toMatchObject({ verb: 'GET', path: '/api/v1/pods', code: 200 });
  });

  it('the REST client throws the words of the server', async () => {
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'pods "x" not found' };
    const { client, reports } = await start((_, response) => json(response, 404, status, { 'retry-after': '2' }));
    const error = await client.get('/x').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 404, message: 'pods "x" not found', retryAfterMs: 2000 });
    expect(reports).toMatchObject([{ code: 404 }]);
  });

  it('the REST client keeps connections alive, and uses no more than its limit', async () => {
    const { client, server } = await start((_, response) => json(response, 200, {}), { connections: 2 });
    await Promise.all(Array.from({ length: 10 }, () => client.get('/x')));
    await client.get('/x');
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it('the REST client times out, also in the middle of an answer', async () => {
    const { client, reports } = await start(
      (request, response) => {
        if (request.url === '/base/half') response.writeHead(200).write('{"half":');
      },
      { timeoutMs: 50 },
    );
    for (const path of ['/never', '/half']) {
      const error = await client.get(path).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({
        code: 'ETIMEDOUT',
        message: expect.stringMatching(/^no whole answer from http:\/\/127\.0\.0\.1:\d+\/base within 50 ms$/),
      });
    }
    expect(reports).toMatchObject([{ code: 0 }, { code: 200 }]);
  });

  it("the REST client throws the caller's reason on abort, before and during the request", async () => {
    const { client } = await start(() => undefined);
    const reason = new Error('stopping');
    await expect(client.get('/x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const running = client.get('/x', { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
  });

  it('the REST client throws ConnectionError when no server answers or the connection breaks', async () => {
    const { client, server } = await start((request) => request.socket.destroy());
    await expect(client.create('/x', {})).rejects.toThrow(ConnectionError);
    await server.close();
    await expect(client.get('/x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('the REST client throws ConnectionError for an answer that is no JSON', async () => {
    const { client } = await start((_, response) => void response.end('{"cut":'));
    await expect(client.get('/x')).rejects.toMatchObject({ name: 'ConnectionError', code: 'EBADJSON' });
  });
});

describe('RestClient.watch', () => {
  it('a watch yields events as they come and ends with the server', async () => {
    const { client, reports } = await start((request, response) => {
      expect(request.url).toBe('/base/w?resourceVersion=5&watch=true');
      const line = Buffer.from('{"type":"ADDED","object":{"n":"ü"}}\n');
      response.write(line.subarray(0, 31)); // in the middle of ü
      setImmediate(() => response.end(Buffer.concat([line.subarray(31), Buffer.from('{"type":"ERROR"}\n')])));
    });
    const events = await collect(client.watch('/w', { resourceVersion: '5' }));
    expect(events).toEqual([{ type: 'ADDED', object: { n: 'ü' } }, { type: 'ERROR' }]);
    expect(reports).toMatchObject([{ verb: 'WATCH', code: 200 }]);
  });

  it('a watch throws ApiError when it is refused and ConnectionError when it breaks', async () => {
    const { client } = await start((request, response) => {
      if (request.url?.startsWith('/base/gone')) return json(response, 410, { kind: 'Status', reason: 'Expired' });
      response.write('{"type":"ADDED"}\n{"type":', () =>
        request.url?.startsWith('/base/torn') ? response.end() : request.socket.destroy(),
      );
    });
    const drain = (path: string): Promise<unknown> => collect(client.watch(path, {}));
    await expect(drain('/gone')).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    await expect(drain('/torn')).rejects.toMatchObject({ code: 'EBADJSON' });
    await expect(drain('/broken')).rejects.toThrow(ConnectionError);
  });

  it('a watch closes its connection when the reader leaves or aborts', async () => {
    const closed: Promise<void>[] = [];
    const { client } = await start((request, response) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
      response.write('{"type":"BOOKMARK"}\n');
    });
    for await (const event of client.watch('/w', {})) {
      expect(event.type).toBe('BOOKMARK');
      break;
    }
    await closed[0];
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const { type } of client.watch('/w', {}, controller.signal)) if (type) controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
    await closed[1];
  });

  it('a watch outlives the request timeout and takes no connection from requests', async () => {
    const timeoutMs = patient(500);
    const { client } = await start(
      (request, response) => {
        if (request.url === '/base/x') return json(response, 200, {});
        response.write('{"type":"BOOKMARK"}\n');
        setTimeout(() => response.end('{"type":"ADDED"}\n'), timeoutMs * 1.5);
      },
      { timeoutMs, connections: 1 },
    );
    const watches = Array.from({ length: 20 }, () => collect(client.watch('/w', {})));
    expect(await client.get('/x')).toEqual({});
    for (const events of await Promise.all(watches)) expect(events).toHaveLength(2);
  });
});
