import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import type { Stored } from '../../../src/runtime/store.ts';

export const PATH = '/api/v1/namespaces/shop/things';

type Kind = 'list' | 'watch';
type WatchEventOut = { type: string; object: unknown };

/** What a fault gets: one request, and the honest answer to it. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  honest: () => void;
}
export type Fault = (exchange: Exchange) => void;

/** A request that came in. */
export interface Asked {
  kind: Kind;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
}

export interface PlayedApiServerOptions {
  /** TLS with these keys; default: plain HTTP. */
  tls?: ServerOptions;
  /** Looks at every request first; false: 401. */
  admits?: (request: IncomingMessage) => boolean;
}

/**
 * One resource served over real HTTP as kube-apiserver serves it: lists in pages, watches with bookmarks and a history
 * that can be compacted. What goes wrong is written by the test: `next` spoils the next request of a kind, `eachWatch`
 * does something to those that are open.
 */
export class PlayedApiServer {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  readonly #objects = new Map<string, Stored>();
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<ServerResponse>();
  readonly #faults: Record<Kind, Fault[]> = { list: [], watch: [] };
  readonly #admits: (request: IncomingMessage) => boolean;
  #history: { version: number; event: WatchEventOut }[] = [];
  #version = 100;
  #compacted = 0;
  #port = 0;
  #pages = new Map<string, Stored[]>();

  static async start(options: PlayedApiServerOptions = {}): Promise<PlayedApiServer> {
    const played = new PlayedApiServer(options);
    await played.up();
    return played;
  }

  private constructor({ tls, admits }: PlayedApiServerOptions) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => this.#answer(request, response);
    this.#server = tls ? createTlsServer(tls, answer) : createServer(answer);
    this.#scheme = tls ? 'https' : 'http';
    this.#admits = admits ?? (() => true);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  /** Listens; after `down` on the same port as before. */
  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses connections and resets those that are open. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** A kubeconfig for this server, with a token. */
  get config(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'played', server: this.url, skipTLSVerify: true },
      { name: 'me', token: 't' },
    );
    return config;
  }

  /** Connections that are open now. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** Watches that are open now. */
  get watches(): number {
    return this.#watches.size;
  }

  count(kind: Kind): number {
    return this.asked.filter((asked) => asked.kind === kind).length;
  }

  /** Spoils the next requests of a kind, one each; the others are answered honestly. */
  next(kind: Kind, ...faults: Fault[]): void {
    this.#faults[kind].push(...faults);
  }

  /** Creates or changes an object. */
  put(name: string): void {
    const before = this.#objects.get(name);
    const metadata = { name, namespace: 'shop', uid: before?.metadata.uid ?? `${name}-${this.#version}` };
    const object = { metadata: { ...metadata, resourceVersion: String(++this.#version) } };
    this.#objects.set(name, object);
    this.#happened(before ? 'MODIFIED' : 'ADDED', object);
  }

  remove(name: string): void {
    const before = this.#objects.get(name);
    if (!before) return;
    this.#objects.delete(name);
    this.#happened('DELETED', { metadata: { ...before.metadata, resourceVersion: String(++this.#version) } });
  }

  /** Time passes elsewhere in the cluster, and every watch hears of it. */
  bookmark(): void {
    this.#version++;
    for (const response of this.#watches) this.#bookmark(response);
  }

  /** Forgets its history: whoever watches from before gets 410, and so do the rest pages of lists. */
  compact(): void {
    this.#history = [];
    this.#compacted = ++this.#version;
    this.#pages.clear();
  }

  /** Name and version of every object: what a store must come to. */
  get state(): Record<string, string> {
    return Object.fromEntries(
      [...this.#objects.values()].map(({ metadata }) => [metadata.name, metadata.resourceVersion]),
    );
  }

  eachWatch(what: (response: ServerResponse) => void): void {
    for (const response of [...this.#watches]) what(response);
  }

  /**
   * The watches that are open stay so, and never hear a word again: what a broken network path looks like from both
   * ends.
   */
  freeze(): void {
    this.#watches.clear();
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.down();
  }

  #happened(type: string, object: unknown): void {
    const event = { type, object };
    this.#history.push({ version: this.#version, event });
    for (const response of this.#watches) send(response, event);
  }

  #bookmark(response: ServerResponse): void {
    send(response, { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://played');
    response.on('error', () => undefined);
    if (pathname !== PATH) return refuse(response, 404, 'the server could not find the requested resource');
    const kind: Kind = query.get('watch') === 'true' ? 'watch' : 'list';
    this.asked.push({ kind, query, headers: request.headers });
    if (!this.#admits(request)) return refuse(response, 401, 'Unauthorized');
    const honest = (): void => (kind === 'list' ? this.#list(query, response) : this.#watch(query, response));
    const fault = this.#faults[kind].shift();
    if (fault) fault({ request, response, honest });
    else honest();
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue');
    const all = token === null ? [...this.#objects.values()] : this.#pages.get(token);
    const version = token?.split('/')[0] ?? String(this.#version);
    if (all === undefined) return refuse(response, 410, 'The provided continue parameter is too old');
    const limit = Number(query.get('limit') ?? Infinity);
    const rest = all.slice(limit);
    const next = rest.length > 0 ? `${version}/${rest[0]?.metadata.name ?? ''}` : undefined;
    if (next) this.#pages.set(next, rest);
    const metadata = { resourceVersion: version, ...(next && { continue: next, remainingItemCount: rest.length }) };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'ThingList', metadata, items: all.slice(0, limit) }));
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.#compacted) return refuse(response, 410, 'too old resource version', 'Expired');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    for (const { version, event } of this.#history) if (version > from) send(response, event);
  }
}

function send(response: ServerResponse, event: WatchEventOut): void {
  response.write(`${JSON.stringify(event)}\n`);
}

/** An error answer as kube-apiserver gives it. */
export function refuse(response: ServerResponse, code: number, message: string, reason = ''): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message, reason }));
}
