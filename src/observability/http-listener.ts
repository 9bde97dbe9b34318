import { createServer as createPlainServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { errorMessage } from '../runtime/error-message.ts';
import type { Logger } from '../runtime/logger.ts';
import type { KeyPair } from './self-signed-certificate.ts';

/** What is sent back. Errors of the handler become a 500 without their words, which are for the log. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}

/** What an answer may depend on. */
export interface Question {
  url: URL;
  method: 'GET' | 'HEAD';
  /** The Authorization header. */
  authorization: string | undefined;
}

export interface ListenerOptions {
  /** No host: all addresses. Port 0: the system chooses, see Listener.address. */
  address: { host?: string; port: number };
  /** HTTPS with this certificate, TLS 1.2 at least. None: plain HTTP. */
  certificate?: KeyPair;
  /** Called for GET and HEAD. Undefined: 404. */
  answer: (question: Question) => Answer | undefined | Promise<Answer | undefined>;
  logger: Logger;
}

export interface Listener {
  /** Where it really listens. */
  address: { host: string; port: number };
  /** From the next connection on. Only for one that was made with a certificate. */
  renew: (certificate: KeyPair) => void;
  /** Resolves once no connection is left; requests under way get 250 ms. Stopping twice is fine. */
  stop: () => Promise<void>;
}

const STOP_GRACE_MS = 250;
const PATIENCE_MS = 5_000;
/** The kubelet and a few scrapers need a handful; each TLS connection takes memory. */
const MOST_CONNECTIONS = 200;
const PLAIN = 'text/plain; charset=utf-8';

/** A small HTTP server for probes and metrics: GET and HEAD only. Rejects with the address in its words when it cannot listen there. */
export async function listen({ address, certificate, answer, logger }: ListenerOptions): Promise<Listener> {
  const told = tellFailures(answer, logger);
  const handler = (request: IncomingMessage, response: ServerResponse): void => void respond(request, response, told);
  // Node looks for those who take too long every 30 s by default.
  const checks = { connectionsCheckingInterval: 1_000 };
  const tls = certificate && {
    ...checks,
    ...certificate,
    minVersion: 'TLSv1.2' as const,
    handshakeTimeout: PATIENCE_MS,
  };
  const secure = tls && createTlsServer(tls, handler);
  const server = secure ?? createPlainServer(checks, handler);
  server.maxConnections = MOST_CONNECTIONS;
  // Slow or silent clients must not hold connections: these are one-line requests from a kubelet or a scraper.
  server.headersTimeout = PATIENCE_MS;
  server.requestTimeout = PATIENCE_MS;
  server.keepAliveTimeout = PATIENCE_MS;
  const sockets = connectionsOf(server);

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
    renew: (next) => secure?.setSecureContext({ ...next, minVersion: 'TLSv1.2' }),
    stop: () => (stopped ??= close(server, sockets)),
  };
}

/** Every connection that is open. Node's own closeAllConnections() overlooks those in the middle of a TLS handshake. */
function connectionsOf(server: Server | TlsServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function close(server: Server | TlsServer, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => sockets.forEach((socket) => socket.destroy()), STOP_GRACE_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** The same, and the log says why there is no answer: once until it is another, as anybody may ask. */
function tellFailures(answer: ListenerOptions['answer'], logger: Logger): ListenerOptions['answer'] {
  let failure: string | undefined;
  return async (question) => {
    try {
      const answered = await answer(question);
      failure = undefined;
      return answered;
    } catch (error) {
      const err = errorMessage(error);
      if (err !== failure) logger.error({ err, path: question.url.pathname }, 'a request was answered with 500');
      failure = err;
      throw error;
    }
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ListenerOptions['answer'],
): Promise<void> {
  const { status, contentType, body, headers } = await answerTo(request, answer);
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(request: IncomingMessage, answer: ListenerOptions['answer']): Promise<Answer> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, contentType: PLAIN, body: 'method not allowed\n', headers: { Allow: 'GET, HEAD' } };
  }
  const url = URL.parse(request.url ?? '/', 'http://localhost');
  try {
    const answered = url && (await answer({ url, method, authorization: headers.authorization }));
    return answered ?? { status: 404, contentType: PLAIN, body: 'not found\n' };
  } catch {
    return { status: 500, contentType: PLAIN, body: 'internal error\n' };
  }
}
