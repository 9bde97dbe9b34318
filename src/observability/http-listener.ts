import { createServer as createPlainServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { errorMessage } from '../runtime/error-message.ts';
import type { Logger } from '../runtime/logger.ts';
import { CONNECTION_LIMITS, Connections, type ConnectionLimits } from './connections.ts';
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
  /** Default: {@link CONNECTION_LIMITS}. */
  limits?: Partial<ConnectionLimits>;
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
const PLAIN = 'text/plain; charset=utf-8';

/**
 * A small HTTP server for probes and metrics: GET and HEAD only, one request a connection. The kubelet makes a
 * connection for each probe anyway, and a scraper comes too rarely to keep one. Rejects with the address in its words
 * when it cannot listen there.
 */
export async function listen({ address, certificate, answer, logger, limits }: ListenerOptions): Promise<Listener> {
  const told = tellFailures(answer, logger);
  const connections = new Connections({ ...CONNECTION_LIMITS, ...limits });
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    connections.asked(request.socket);
    void respond(request, response, told);
  };
  const secure = certificate && createTlsServer({ ...certificate, minVersion: 'TLSv1.2' }, handler);
  const server = secure ?? createPlainServer(handler);
  // What comes behind the first request is not looked at, however many requests one packet has.
  server.maxRequestsPerSocket = 1;
  server.on('connection', (socket: Socket) => connections.add(socket));

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
    stop: () => (stopped ??= close(server, connections)),
  };
}

function close(server: Server | TlsServer, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => connections.closeAll(), STOP_GRACE_MS);
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
    Connection: 'close',
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
