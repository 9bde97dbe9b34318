import { createServer as createSecureServer } from 'node:https';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createSender, type Outcome } from '../../../src/notify/send.ts';
import { selfSignedCertificate } from '../../../src/observability/self-signed-certificate.ts';

// What a real server can answer, and what the sender makes of it.

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    }),
  );
});

/** A server on the loopback address that keeps what it was asked. */
async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/abc?token=t`;
}

const serving = (listener: RequestListener): Promise<string> => listen(createServer(listener));

/** One try. */
async function tryOne(url: string, { ca, signal }: { ca?: string; signal?: AbortSignal } = {}): Promise<Outcome> {
  const sender = createSender(ca);
  try {
    const message = { url: new URL(url), headers: { 'content-type': 'application/json' }, body: '{"a":"ä"}' };
    return await sender.send(message, signal ?? new AbortController().signal);
  } finally {
    await sender.close();
  }
}

const answering =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_, answer) =>
    answer.writeHead(code, headers).end('what it says is not read');

describe('a notice that is sent to a real server', () => {
  it('the receiver gets a POST with the path, the query, the headers and the bytes of the body', async () => {
    const got: string[] = [];
    const url = await serving((asked: IncomingMessage, answer: ServerResponse) => {
      const parts: Buffer[] = [];
      asked.on('data', (part: Buffer) => parts.push(part));
      asked.on('end', () => {
        got.push(`${asked.method} ${asked.url} ${asked.headers['content-type']} ${Buffer.concat(parts).toString()}`);
        answer.writeHead(202).end();
      });
    });
    expect(await tryOne(url)).toEqual({ kind: 'delivered' });
    expect(got).toEqual(['POST /hooks/abc?token=t application/json {"a":"ä"}']);
  });

  it.each([
    [200, {}, { kind: 'delivered' }],
    [400, {}, { kind: 'never', why: 'it answered 400' }],
    [401, {}, { kind: 'never', why: 'it answered 401' }],
    [410, {}, { kind: 'never', why: 'it answered 410' }],
    [408, {}, { kind: 'later', why: 'it answered 408' }],
    [429, { 'retry-after': '7' }, { kind: 'later', why: 'it answered 429', afterMs: 7_000 }],
    [429, { 'retry-after': '99999999' }, { kind: 'later', why: 'it answered 429', afterMs: 300_000 }],
    [503, { 'retry-after': 'tomorrow' }, { kind: 'later', why: 'it answered 503' }],
    [500, {}, { kind: 'later', why: 'it answered 500' }],
  ])('an answer of %i with headers %j has the outcome %j', async (code, headers, outcome) => {
    expect(await tryOne(await serving(answering(code, headers)))).toEqual(outcome);
  });

  it('the sender follows no redirect', async () => {
    let elsewhere = 0;
    const other = await serving((_, answer) => {
      elsewhere += 1;
      answer.end();
    });
    const url = await serving(answering(307, { location: other }));
    expect(await tryOne(url)).toEqual({ kind: 'never', why: 'it answered 307' });
    expect(elsewhere).toBe(0);
  });

  it('the sender does not wait for the end of an endless answer', async () => {
    const url = await serving((_, answer) => {
      answer.writeHead(200);
      const more = (): void => {
        if (!answer.destroyed) answer.write('x'.repeat(65_536), more);
      };
      more();
    });
    expect(await tryOne(url)).toEqual({ kind: 'delivered' });
  });

  it('a receiver that cuts the connection, or is not there, is tried later', async () => {
    const url = await serving((asked) => asked.socket.destroy());
    expect(await tryOne(url)).toMatchObject({ kind: 'later' });
    expect(await tryOne('http://127.0.0.1:1/')).toMatchObject({
      kind: 'later',
      why: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('a receiver that says nothing is left when the notifier stops', async () => {
    const stop = new AbortController();
    const url = await serving(() => stop.abort());
    expect(await tryOne(url, { signal: stop.signal })).toMatchObject({ kind: 'later' });
  });
});

describe('TLS', () => {
  const { cert, key } = selfSignedCertificate({ hostname: 'localhost', now: new Date(), days: 1 });
  const secure = (): Promise<string> => listen(createSecureServer({ cert, key }, answering(204)), 'https');

  it('a notice is delivered to a receiver whose certificate ca.crt has signed', async () => {
    expect(await tryOne(await secure(), { ca: cert })).toEqual({ kind: 'delivered' });
  });

  it('a receiver with a certificate of somebody unknown gets nothing', async () => {
    let asked = 0;
    const url = await listen(
      createSecureServer({ cert, key }, (_, answer) => {
        asked += 1;
        answer.end();
      }),
      'https',
    );
    expect(await tryOne(url)).toMatchObject({ kind: 'later', why: expect.stringMatching(/self.signed certificate/i) });
    expect(asked).toBe(0);
  });
});
