import type { KubeConfig } from '@kubernetes/client-node';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { errorMessage } from '../runtime/error-message.ts';
import { NotLeaderError } from '../runtime/not-leader-error.ts';
import type { WatchEvent } from '../runtime/watch-event.ts';
import { ApiError, ConnectionError } from './api-error.ts';
import { Deadline } from './deadline.ts';
import { splitLines } from './json-lines.ts';
import { stepwise } from './stepwise.ts';
import { Transport } from './transport.ts';
import type { Route } from './transport.ts';
import { upgrade } from './upgrade.ts';
import { createHandshake, WebSocketConnection } from './websocket.ts';
import { checkedAtSending } from './write-guard.ts';

/** A list is sent as the same parameter several times. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface RequestOptions {
  query?: Query;
  signal?: AbortSignal;
  /** From sending to the last byte of the answer, in ms. Default: the client's, 10 s. */
  timeoutMs?: number;
}

export interface PatchOptions extends RequestOptions {
  type: 'strategic' | 'merge';
  /** Names the writer in managedFields. Default: the API server takes it from the user agent. */
  fieldManager?: string;
}

/**
 * What happened to one request, up to the head of its answer. `code` is 0 when there was none; a watch has the verb
 * WATCH, a WebSocket CONNECT.
 */
export interface RequestReport {
  verb: string;
  path: string;
  code: number;
  ms: number;
}

export interface RestClientOptions {
  /** Default `debugsession`. */
  userAgent?: string;
  /** Ms; default 10,000. */
  timeoutMs?: number;
  /** Connections for requests; watches have their own. Default 16. */
  connections?: number;
  /** For metrics. It must not throw. */
  onRequest?: (report: RequestReport) => void;
  /** Asked at the moment when a POST, PUT, PATCH, DELETE or a WebSocket's GET is sent. Default: always yes. */
  mayWrite?: () => boolean;
}

type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The head of an answer, with its body unread. */
interface Answer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: { text(): Promise<string> };
}

interface Call {
  path: string;
  body?: unknown;
  contentType?: string;
  options: RequestOptions;
}

const patchTypes: Record<PatchOptions['type'], string> = {
  strategic: 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
};

/** Etcd refuses objects above 1.5 MiB; managedFields and encoding add to that, but not this much. */
const longestEventBytes = 16 * 2 ** 20;

/**
 * The API server by path and verb, the counterpart of client-go's `rest.Interface`. It does not retry: the callers know
 * whether a write may be repeated. The type arguments are the caller's word; nothing here checks them.
 *
 * Every method throws `ApiError` when the server says no, `ConnectionError` when it says nothing,
 * and the signal's reason when the caller aborts.
 */
export class RestClient {
  /** The API server's address, such as `https://10.0.0.1:6443`; for the words of what went wrong. */
  readonly server: string;
  readonly #config: KubeConfig;
  readonly #options: RestClientOptions;
  readonly #transport: Transport;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #onRequest: (report: RequestReport) => void;

  /** @param transport its own, or one that is shared with another client */
  constructor(config: KubeConfig, options: RestClientOptions = {}, transport?: Transport) {
    this.#config = config;
    this.#options = options;
    this.#transport = transport ?? new Transport(config, options.connections ?? 16);
    this.server = config.getCurrentCluster()?.server ?? '';
    this.#userAgent = options.userAgent ?? 'debugsession';
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#onRequest = options.onRequest ?? (() => undefined);
  }

  /**
   * The same client on the same connections, which sends a write only if `mayWrite` says yes at that very moment; reads
   * are free. Every method that writes then also throws `NotLeaderError`: nothing was sent.
   */
  guardedBy(mayWrite: () => boolean): RestClient {
    return new RestClient(this.#config, { ...this.#options, mayWrite }, this.#transport);
  }

  get<T = unknown>(path: string, options: RequestOptions = {}): Promise<T> {
    return this.#call('GET', { path, options });
  }

  /** One page: `query.limit` and `query.continue` are the caller's business. */
  list<T = unknown>(path: string, query: Query = {}, options: RequestOptions = {}): Promise<T> {
    return this.#call('GET', { path, options: { ...options, query } });
  }

  create<T = unknown>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    return this.#call('POST', { path, body, options });
  }

  replace<T = unknown>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    return this.#call('PUT', { path, body, options });
  }

  patch<T = unknown>(path: string, body: unknown, options: PatchOptions): Promise<T> {
    const { type, fieldManager, query, ...rest } = options;
    const call = { path, body, options: { ...rest, query: { fieldManager, ...query } }, contentType: patchTypes[type] };
    return this.#call('PATCH', call);
  }

  /** @param body meta/v1 DeleteOptions, for preconditions and the like. */
  delete<T = unknown>(path: string, options: RequestOptions & { body?: unknown } = {}): Promise<T> {
    const { body, ...rest } = options;
    return this.#call('DELETE', { path, body, options: rest });
  }

  /**
   * One watch connection. It ends when the server closes it, throws when the connection breaks or `signal` aborts.
   * There is no idle limit here: the caller knows when bookmarks are due. ERROR events are handed on as they are.
   */
  watch<T = unknown>(
    path: string,
    query: Query,
    signal?: AbortSignal,
  ): AsyncIterableIterator<WatchEvent<T>, undefined> {
    let open: { deadline: Deadline; lines: AsyncIterator<string, undefined> | undefined } | undefined;
    const next = async (): Promise<WatchEvent<T> | undefined> => {
      // Not before the first event is asked for: who asks for none leaves nothing behind.
      open ??= { deadline: new Deadline(this.#timeoutMs, this.server, signal), lines: undefined };
      try {
        open.lines ??= await this.#openLines(path, query, open.deadline);
        const { done, value } = await open.lines.next();
        return done === true ? undefined : parse<WatchEvent<T>>(value);
      } catch (error) {
        throw open.deadline.explain(error);
      }
    };
    // Leaving the loop early must close the connection too.
    return stepwise({ next, end: () => open?.deadline.end() });
  }

  async #openLines(path: string, query: Query, deadline: Deadline): Promise<AsyncIterator<string, undefined>> {
    const answer = await this.#send('GET', { path, options: { query: { ...query, watch: true } } }, deadline);
    deadline.lift();
    return splitLines(answer.body as AsyncIterable<Uint8Array>, longestEventBytes);
  }

  /**
   * A WebSocket of a subresource that the API server connects through, such as `pods/exec`. What it is for changes
   * something, so that it counts as a write although it is a GET; `timeoutMs` and the signal count until it is open.
   * The caller has to close it.
   * @param protocols subprotocols, the preferred one first
   */
  async openWebSocket(
    path: string,
    protocols: readonly string[],
    { query, signal, timeoutMs }: RequestOptions = {},
  ): Promise<WebSocketConnection> {
    const deadline = new Deadline(timeoutMs ?? this.#timeoutMs, this.server, signal);
    try {
      const handshake = createHandshake(protocols);
      const { socket, headers } = await this.#reported('CONNECT', path, (route) => {
        deadline.signal.throwIfAborted();
        // A connection of its own, as a watch has it: it does not come back.
        const dispatcher = this.#guarded(route.watches, 'CONNECT', path);
        const request = {
          ...this.#request(route, 'GET', { path, options: query === undefined ? {} : { query } }),
          body: null,
        };
        return upgrade(
          dispatcher,
          { ...request, headers: { ...request.headers, ...handshake.headers } },
          deadline.signal,
        );
      });
      if (socket) return new WebSocketConnection(socket, headers, handshake);
      throw new ConnectionError('EPROTO', `${this.server} answered ${path} without a WebSocket: is there a proxy?`);
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.end();
    }
  }

  /** Ends every connection except WebSockets. For the end of the process and of tests. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async #call<T>(verb: Verb, call: Call): Promise<T> {
    const deadline = new Deadline(call.options.timeoutMs ?? this.#timeoutMs, this.server, call.options.signal);
    try {
      const answer = await this.#send(verb, call, deadline);
      return parse<T>(await answer.body.text());
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.end();
    }
  }

  /** Where to and as whom; a token file or a credential plugin that fails is no fault of the server. */
  async #route(): Promise<Route> {
    try {
      return await this.#transport.route();
    } catch (error) {
      throw new ConnectionError('ECREDENTIALS', `no credentials for ${this.server}: ${errorMessage(error)}`, error);
    }
  }

  #guarded(requests: Dispatcher, verb: Verb | 'CONNECT', path: string): Dispatcher {
    const { mayWrite } = this.#options;
    if (verb === 'GET' || mayWrite === undefined) return requests;
    return checkedAtSending(requests, () => {
      if (!mayWrite()) throw new NotLeaderError(`${verb} ${path} was not sent: this process does not lead any more`);
    });
  }

  /** The answer's head, with its body unread; anything but 2xx is thrown. */
  #send(verb: Verb, call: Call, deadline: Deadline): Promise<Dispatcher.ResponseData> {
    const isWatch = call.options.query?.['watch'] === true;
    return this.#reported(isWatch ? 'WATCH' : verb, call.path, (route) => {
      deadline.signal.throwIfAborted();
      const dispatcher = isWatch ? route.watches : this.#guarded(route.requests, verb, call.path);
      return dispatcher.request({ ...this.#request(route, verb, call), signal: deadline.signal });
    });
  }

  #request(route: Route, verb: Verb, { path, body, contentType, options }: Call): Dispatcher.RequestOptions {
    return {
      origin: route.server.origin,
      path: route.server.pathname.replace(/\/$/, '') + path + queryString(options.query),
      method: verb,
      headers: {
        ...route.headers,
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // The deadline measures both, as one.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  /** Asks, tells `onRequest` what came of it, and throws what is neither 2xx nor 101. */
  async #reported<T extends Answer>(verb: string, path: string, ask: (route: Route) => Promise<T>): Promise<T> {
    const started = performance.now();
    let code = 0;
    let wasSent = true;
    try {
      const answer = await ask(await this.#route());
      code = answer.statusCode;
      if ((code >= 200 && code <= 299) || code === 101) return answer;
      if (code === 401) this.#transport.forgetCredentials();
      const retryAfter = answer.headers['retry-after'];
      throw ApiError.fromResponse(code, await answer.body.text(), retryAfter?.toString());
    } catch (error) {
      wasSent = !(error instanceof NotLeaderError);
      throw error;
    } finally {
      const ms = performance.now() - started;
      if (wasSent) this.#onRequest({ verb, path, code, ms });
    }
  }
}

function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) parameters.append(name, String(one));
    else if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size > 0 ? `?${parameters.toString()}` : '';
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new ConnectionError('EBADJSON', `the answer is not whole JSON: ${errorMessage(error)}`, error);
  }
}
