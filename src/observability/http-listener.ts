import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is sent back. Errors of the handler become a 500 without their words. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

export interface ListenerOptions {
  /** No host: all addresses. Port 0: the system chooses, see Listener.address. */
  address: { host?: string; port: number };
  /** Called for GET and HEAD. Undefined: 404. */
  answer: (url: URL) => Answer | undefined | Promise<Answer | undefined>;
}

export interface Listener {
  /** Where it really listens. */
  address: { host: string; port: number };
  /** Resolves once no connection is left; requests under way get 250 ms. Stopping twice is fine. */
  stop: () => Promise<void>;
}

const STOP_GRACE_MS = 250;
const PLAIN = 'text/plain; charset=utf-8';

/** A small HTTP server for probes and metrics: plain HTTP, GET and HEAD only. Rejects with the address in its words when it cannot listen there. */
export async function listen({ address, answer }: ListenerOptions): Promise<Listener> {
  const server = createServer((request, response) => void respond(request, response, answer));
  // Slow or silent clients must not hold connections: these are one-line requests from a kubelet or a scraper.
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 5_000;

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`cannot listen on ${address.host ?? ''}:${address.port}: ${error.message}`, { cause: error }));
    });
    server.listen({ host: address.host, port: address.port }, resolve);
  });
  // From here on an 'error' without a listener would end the process, over a connection at most.
  server.on('error', () => {});

  const bound = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    address: { host: bound.address, port: bound.port },
    stop: () => (stopped ??= close(server)),
  };
}

function close(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ListenerOptions['answer'],
): Promise<void> {
  const { status, contentType, body } = await answerTo(request, answer);
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(request: IncomingMessage, answer: ListenerOptions['answer']): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, contentType: PLAIN, body: 'method not allowed\n' };
  }
  const url = URL.parse(request.url ?? '/', 'http://localhost');
  try {
    return (url && (await answer(url))) ?? { status: 404, contentType: PLAIN, body: 'not found\n' };
  } catch {
    return { status: 500, contentType: PLAIN, body: 'internal error\n' };
  }
}
