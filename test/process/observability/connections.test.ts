import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConnectionLimits } from '../../../src/observability/connections.ts';
import { listen, type Answer, type Listener } from '../../../src/observability/http-listener.ts';
import { selfSignedCertificate } from '../../../src/observability/self-signed-certificate.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';

const OK: Answer = { status: 200, contentType: 'text/plain', body: 'ok' };
const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
/** No timer of the listener ends within a test: only its limits do. */
const PATIENT = { headersMs: 600_000, answerMs: 600_000 };
const certificate = selfSignedCertificate({ hostname: 'x', now: new Date(), days: 1 });

let server: Listener;
let sockets: Socket[] = [];
/** Questions that have come, and the answer of all of them. */
let asked = 0;
let answer: () => Answer | Promise<Answer> = () => OK;

afterEach(async () => {
  sockets.forEach((socket) => socket.destroy());
  sockets = [];
  [asked, answer] = [0, () => OK];
  await server.stop();
});

async function start(limits: Partial<ConnectionLimits>, isSecure = false): Promise<void> {
  server = await listen({
    address: { host: '0.0.0.0', port: 0 },
    logger: silentLogger,
    limits,
    ...(isSecure && { certificate }),
    answer: () => {
      asked += 1;
      return answer();
    },
  });
}

/** A connection of the host 127.0.0.N that has said nothing. */
async function open(n: number): Promise<Socket> {
  const socket = connect({ port: server.address.port, host: '127.0.0.1', localAddress: `127.0.0.${n}` });
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Whether this one is still open, once another has been opened and answered. */
const isOpen = (socket: Socket): boolean => !socket.destroyed && !socket.readableEnded;

const closed = async (socket: Socket): Promise<void> => {
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
};

async function probe(n: number): Promise<string> {
  const socket = await open(n);
  socket.write(REQUEST);
  return text(socket);
}

describe.each([
  ['plain', false],
  ['with TLS, in the middle of the handshake', true],
])('silent connections, %s', (_words, isSecure) => {
  it('a full listener closes its oldest silent connection for a new one', async () => {
    await start({ ...PATIENT, most: 4, mostPerAddress: 4 }, isSecure);
    const idle = [await open(2), await open(3), await open(4), await open(5)];
    await open(6);
    await closed(idle[0] as Socket);
    expect(idle.map(isOpen)).toEqual([false, true, true, true]);
    await open(7);
    await closed(idle[1] as Socket);
    expect(idle.map(isOpen)).toEqual([false, false, true, true]);
  });

  it('a full listener closes a silent connection of the address that has most of them, not the oldest', async () => {
    await start({ ...PATIENT, most: 4, mostPerAddress: 4 }, isSecure);
    const alone = await open(2);
    const crowd = [await open(3), await open(3), await open(4)];
    await open(5);
    await closed(crowd[0] as Socket);
    expect([alone, ...crowd].map(isOpen)).toEqual([true, false, true, true]);
  });

  it('a listener closes silent connections of an address for a new one of the same address only', async () => {
    await start({ ...PATIENT, most: 5, mostPerAddress: 2 }, isSecure);
    const other = await open(2);
    const idle = [await open(3), await open(3), await open(3), await open(3)];
    await Promise.all(idle.slice(0, 2).map(closed));
    expect([other, ...idle].map(isOpen)).toEqual([true, false, false, true, true]);
  });

  it('a listener closes a silent connection after the time for the headers', async () => {
    await start({ headersMs: 50 }, isSecure);
    await closed(await open(2));
  });
});

describe('a listener', () => {
  it('a listener answers a probe, however many idle connections and addresses there are', async () => {
    await start(PATIENT);
    const idle: Socket[] = [];
    for (let n = 0; n < 260; n += 1) idle.push(await open(2 + (n % 60)));
    expect(await probe(1)).toMatch(/^HTTP\/1.1 200 OK[^]*ok$/);
    expect(idle.filter(isOpen).length).toBeLessThanOrEqual(200);
  });

  it('a listener answers a probe of an address that has opened too many connections', async () => {
    await start(PATIENT);
    for (let n = 0; n < 260; n += 1) await open(1);
    expect(await probe(1)).toMatch(/^HTTP\/1.1 200 OK[^]*ok$/);
  });

  it('a listener keeps connections that have sent a request, and closes silent connections', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    answer = () => promise;
    await start({ ...PATIENT, most: 3, mostPerAddress: 3 });
    const asking = probe(1);
    const silent = [await open(2), await open(3)];
    while (asked === 0) await new Promise((next) => setImmediate(next));
    await open(4);
    await closed(silent[0] as Socket);
    resolve(OK);
    expect(await asking).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it('a listener closes the oldest connection for a new one when all have sent a request', async () => {
    answer = () => (asked > 2 ? OK : Promise.withResolvers<Answer>().promise);
    await start({ ...PATIENT, most: 2, mostPerAddress: 2 });
    const asking = [await open(2), await open(3)];
    for (const socket of asking) socket.write(REQUEST);
    while (asked < 2) await new Promise((next) => setImmediate(next));
    expect(await probe(4)).toMatch(/^HTTP\/1.1 200 OK/);
    expect(asking.map(isOpen)).toEqual([false, true]);
  });

  it('a listener closes a connection that sends its headers too slowly', async () => {
    await start({ headersMs: 100 });
    const socket = await open(2);
    socket.write('GET /healthz HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X: y\r\n'), 10);
    await closed(socket);
    clearInterval(drip);
    expect(asked).toBe(0);
  });

  it('a listener closes a connection that never reads the answer', async () => {
    answer = () => ({ ...OK, body: 'x'.repeat(50_000_000) });
    await start({ headersMs: 300, answerMs: 50 });
    const reader = await open(2);
    reader.pause();
    reader.write(REQUEST);
    while (asked === 0) await new Promise((next) => setImmediate(next));
    // This one comes later and is given more time: when it is closed, the other has been.
    await closed(await open(3));
    await closed(reader);
    expect(reader.bytesRead).toBeLessThan(50_000_000);
  });

  it('a listener answers one request a connection, and ignores the requests behind it', async () => {
    await start(PATIENT);
    const socket = await open(2);
    socket.write(REQUEST.repeat(500));
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n[^]*ok$/);
    expect(asked).toBe(1);
  });

  it('a listener closes a connection whose client ends its half without a request', async () => {
    await start(PATIENT);
    const socket = await open(2);
    socket.end();
    await closed(socket);
  });

  it('a listener reads a request that came while the process was blocked', async () => {
    await start({ headersMs: 50 });
    const socket = await open(2);
    await new Promise((next) => setImmediate(next));
    socket.write(REQUEST);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it('a listener counts a request through TLS as a request', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    answer = () => promise;
    await start({ ...PATIENT, most: 2, mostPerAddress: 2 }, true);
    const socket = connectTls({ port: server.address.port, host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    socket.write(REQUEST);
    while (asked === 0) await new Promise((next) => setImmediate(next));
    const silent = await open(2);
    await open(3);
    await closed(silent);
    resolve(OK);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK/);
  });
});
