import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import type { ContainerControlOptions, Streams } from '../../../src/reconcile/container-control.ts';
import { accessReviewsPath, podsPath, sessionsPath, type SessionClient } from '../../../src/reconcile/session-api.ts';
import type { ListPage, ListWatchSource } from '../../../src/runtime/list-watch.ts';
import { FIRST_VERSION, NAMESPACE, notFound, type ApiServer, type Resource, type Stored } from './api-server.ts';
import type { Random } from './random.ts';
import type { ModelStreams } from './streams.ts';
import { ModelWatch, type Scope, type Sender } from './watch.ts';

/** In changes of any resource. */
const LONGEST_CACHE_LAG = 12;

interface Request {
  sender: Sender;
  words: string;
  handle: () => unknown;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

/** A LocalSubjectAccessReview, as the operator writes it. */
interface AccessReview {
  spec: { user: string; resourceAttributes: { verb: string } };
}

export interface NetworkSetting {
  server: ApiServer;
  streams: ModelStreams;
  random: Random;
  /** RFC 3339. */
  now: () => string;
  mayApprove: (username: string) => boolean;
}

/**
 * Between operators and API server: holds every request and every watch event back until the simulation lets it
 * through, or spoils it.
 */
export class Network {
  /** The share of requests that something happens to. */
  faults = 0;
  readonly requests: Request[] = [];
  watches: ModelWatch[] = [];
  readonly #server: ApiServer;
  readonly #streams: ModelStreams;
  readonly #random: Random;
  readonly #now: () => string;
  readonly #mayApprove: (username: string) => boolean;

  constructor({ server, streams, random, now, mayApprove }: NetworkSetting) {
    this.#server = server;
    this.#streams = streams;
    this.#random = random;
    this.#now = now;
    this.#mayApprove = mayApprove;
  }

  /** Lets the i-th request through, or not. Its words, for the trace. */
  pass(index: number): string {
    const [request] = this.requests.splice(index, 1);
    if (request === undefined) return '';
    const fault = this.#random.chance(this.faults) ? this.#random.one(...FAULTS) : undefined;
    const words = `${request.sender.name}${request.sender.dead ? ' (dead)' : ''} ${request.words}`;
    const refused = fault?.before?.(request.words);
    if (refused !== undefined) {
      if (!request.sender.dead) request.reject(refused);
      return `${words}: ${refused.message}`;
    }
    const answer = attempt(request.handle);
    if (request.sender.dead) return `${words}: nobody hears the answer`;
    if (fault !== undefined) {
      request.reject(new ConnectionError('ECONNRESET', 'the answer was lost'));
      return `${words}: the answer was lost`;
    }
    if ('error' in answer) {
      request.reject(answer.error);
      return `${words}: ${String(answer.error)}`;
    }
    request.resolve(answer.value);
    return words;
  }

  /** Forgets the watches of the dead. */
  bury(): void {
    this.watches = this.watches.filter((watch) => !watch.sender.dead && !watch.signal.aborted);
  }

  client(sender: Sender): SessionClient {
    const send = <T>(words: string, handle: () => unknown, signal?: AbortSignal): Promise<T> =>
      this.#send<T>(sender, { words, handle, ...(signal && { signal }) });
    return {
      get: (path, options = {}) => send(`get ${path}`, () => this.#get(path), options.signal),
      list: (path, query = {}, options = {}) =>
        send(`list ${path}`, () => this.#answerList(scopeOf(path, query), query), options.signal),
      create: (path, body, options = {}) => send(`post ${path}`, () => this.#post(path, body), options.signal),
      patch: (path, body, options) =>
        send(`patch ${path}`, () => this.#patch(path, body, options.type), options.signal),
      replace: (path, body, options = {}) => send(`put ${path}`, () => this.#put(path, body), options.signal),
      delete: (path, { body, signal } = {}) => send(`delete ${path}`, () => this.#delete(path, body), signal),
    };
  }

  /** Exec and attach. One of them takes no time in the container, and as long as any request on the way. */
  streams(sender: Sender): Streams {
    return {
      exec: (options) => {
        const { container, command, signal } = options;
        const words = `exec ${container} ${command.slice(-2).join(' ')}`;
        const handle = (): unknown => this.#streams.exec(options, this.faults);
        return this.#send(sender, { words, handle, ...(signal && { signal }) });
      },
      attach: (options) => {
        const handle = (): unknown => this.#streams.attach(options);
        const { container, signal } = options;
        return this.#send(sender, { words: `attach ${container}`, handle, ...(signal && { signal }) });
      },
    };
  }

  /** A stop pod, from its creation to its removal, as one request: it may be refused, or its answer lost. */
  stopOnNode(sender: Sender): NonNullable<ContainerControlOptions['stopOnNode']> {
    return (container, signal) => {
      const handle = (): unknown => this.#streams.stopOnNode(container);
      return this.#send(sender, { words: `stop pod for ${container.containerName}`, handle, signal });
    };
  }

  /** A list of a watched resource goes the same way as every other request. */
  source(sender: Sender, path: string, query: object = {}): ListWatchSource {
    const scope = scopeOf(path, query);
    return {
      list: (query, signal) =>
        this.#send<ListPage>(sender, { words: `list ${path}`, handle: () => this.#answerList(scope, query), signal }),
      watch: (from, signal) => {
        const watch = new ModelWatch(sender, scope, { server: this.#server, query: from, signal });
        this.watches.push(watch);
        return watch.events();
      },
    };
  }

  #send<T>(
    sender: Sender,
    { words, handle, signal }: { words: string; handle: () => unknown; signal?: AbortSignal },
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (sender.dead) return;
      if (signal?.aborted === true) return reject(signal.reason as Error);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.requests.push({ sender, words, handle, resolve: resolve as (answer: unknown) => void, reject });
    });
  }

  #get(path: string): unknown {
    if (path !== `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/web`) throw notFound('workload', path);
    return { metadata: { name: 'web', uid: 'web-uid' }, spec: { selector: { matchLabels: { app: 'web' } } } };
  }

  #answerList(scope: Scope, query: { resourceVersion?: unknown }): unknown {
    return query.resourceVersion === '0' ? this.#listCached(scope) : this.#list(scope);
  }

  /** From a cache that is some changes behind: how many, follows from how many there were. */
  #listCached({ resource, name }: Scope): unknown {
    const { history } = this.#server;
    const seen = history.slice(0, history.length - (history.length % LONGEST_CACHE_LAG));
    const objects = new Map<string, Stored>();
    for (const change of seen) {
      const key = change.object.metadata.name;
      if (change.resource !== resource || (name !== undefined && key !== name)) continue;
      if (change.type === 'DELETED') objects.delete(key);
      else objects.set(key, change.object);
    }
    const resourceVersion = String(seen.at(-1)?.version ?? FIRST_VERSION);
    return { metadata: { resourceVersion }, items: [...objects.values()] };
  }

  #list({ resource, name }: Scope): unknown {
    const { pods, sessions, approvals } = this.#server;
    const all: Stored[] = [...{ pods, debugsessions: sessions, debugapprovals: approvals }[resource].values()];
    const items = name === undefined ? all : all.filter((object) => object.metadata.name === name);
    return { metadata: { resourceVersion: String(this.#server.version) }, items };
  }

  #patch(path: string, body: unknown, type: string): unknown {
    const [folder, name = '', subresource] = split(path);
    if (folder === podsPath(NAMESPACE) && subresource === 'ephemeralcontainers' && type === 'strategic')
      return this.#server.patchContainers(name, body as Parameters<ApiServer['patchContainers']>[1]);
    if (folder === sessionsPath(NAMESPACE) && subresource === undefined && type === 'merge')
      return this.#server.patchFinalizers(name, body as Parameters<ApiServer['patchFinalizers']>[1]);
    throw new Error(`not in the write set: ${type} patch of ${path}`);
  }

  #put(path: string, body: unknown): unknown {
    const [folder, name = '', subresource] = split(path);
    if (folder === sessionsPath(NAMESPACE) && subresource === 'status')
      return this.#server.putStatus(name, body as Parameters<ApiServer['putStatus']>[1]);
    throw new Error(`not in the write set: put ${path}`);
  }

  #post(path: string, body: unknown): unknown {
    const [folder, name = '', subresource] = split(path);
    if (path === accessReviewsPath(NAMESPACE)) return { status: { allowed: this.#may(body as AccessReview) } };
    if (folder !== podsPath(NAMESPACE) || subresource !== 'eviction')
      throw new Error(`not in the write set: post ${path}`);
    const at = { now: this.#now(), blocked: this.#random.chance(this.faults) };
    return this.#server.evict(name, body as Parameters<ApiServer['evict']>[1], at);
  }

  /** Everybody may use the policy; who may approve, the simulation decides. */
  #may({ spec: { user, resourceAttributes } }: AccessReview): boolean {
    return resourceAttributes.verb !== 'approve' || this.#mayApprove(user);
  }

  #delete(path: string, body: unknown): unknown {
    const [folder, name = '', subresource] = split(path);
    if (folder === sessionsPath(NAMESPACE) && subresource === undefined)
      return this.#server.expireSession(name, body as Parameters<ApiServer['expireSession']>[1]);
    throw new Error(`not in the write set: delete ${path}`);
  }
}

/** What may happen to a request: refused before it counts, or (without `before`) carried out and its answer lost. */
const FAULTS: [
  { before?: (words: string) => Error | undefined },
  ...{ before?: (words: string) => Error | undefined }[],
] = [
  {},
  {},
  { before: () => new ConnectionError('ECONNREFUSED', 'never arrived') },
  { before: () => answer(500, 'etcdserver: request timed out') },
  { before: () => new ApiError({ code: 429, reason: 'TooManyRequests', message: 'later', retryAfterMs: 1_000 }) },
  { before: () => answer(409, 'the object has been modified') },
  // Not for an injection, nor for the review before it: an earlier one may be under way still and be carried out after
  // the refusal, a known gap (docs/testing.md).
  {
    before: (words) =>
      /ephemeralcontainers|accessreviews/.test(words)
        ? undefined
        : answer(403, 'forbidden: by a policy that comes and goes'),
  },
];

function answer(code: number, message: string): ApiError {
  return new ApiError({ code, reason: '', message });
}

function attempt(handle: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: handle() };
  } catch (error) {
    // What is no answer of a server is a broken promise, and ends the simulation.
    if (!(error instanceof ApiError)) throw error;
    return { error };
  }
}

function scopeOf(path: string, query: object): Scope {
  const { fieldSelector } = query as { fieldSelector?: string };
  const name = fieldSelector?.replace('metadata.name=', '');
  const resource = path.slice(path.lastIndexOf('/') + 1) as Resource;
  return { resource, ...(name !== undefined && { name }) };
}

/** Folder, name and subresource of a path. */
function split(path: string): string[] {
  const found = /^(.*\/(?:pods|debugsessions))\/([^/]+)(?:\/([^/]+))?$/.exec(path);
  return found === null ? [path] : found.slice(1);
}
