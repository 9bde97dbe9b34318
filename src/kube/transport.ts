import { readFile } from 'node:fs/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { AgentOptions, RequestOptions as HttpsOptions } from 'node:https';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';

/** Everything a request needs to reach the server as somebody. */
export interface Route {
  /** The server of the kubeconfig without a trailing slash; it may have a path. */
  server: URL;
  headers: Record<string, string>;
  /** A small keep-alive pool for calls that end. */
  requests: Dispatcher;
  /** One connection for each watch, apart, so that watches never starve requests. */
  watches: Dispatcher;
}

/** How long credentials are believed before they are read again. A service account token changes about hourly. */
const credentialsMs = 30_000;

/**
 * HTTP/1.1 on purpose: over one HTTP/2 connection undici sends writes one at a time, a small pool is nearly twice as
 * fast. The keep-alive is shorter than what API servers and load balancers grant, so that we close first.
 */
const poolOptions = { allowH2: false, pipelining: 1, keepAliveTimeout: 30_000, connectTimeout: 10_000 };

/**
 * TLS, proxy and credentials out of a KubeConfig. `KubeConfig.applySecurityAuthentication` would build a new
 * dispatcher, and so a new connection, for every call; here the pools live until the TLS files change (a rotated client
 * certificate).
 */
export class Transport {
  readonly #config: KubeConfig;
  readonly #connections: number;
  readonly #server: URL;
  #material = '';
  #route: Route | undefined;
  #readAt = -Infinity;
  #reading: Promise<Route> | undefined;

  /** @throws Error when the kubeconfig has no current cluster. */
  constructor(config: KubeConfig, connections: number) {
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error('the kubeconfig has no current context with a cluster: set current-context in it');
    this.#config = config;
    this.#connections = connections;
    this.#server = new URL(server);
  }

  /** The way to the server, with credentials at most 30 s old. Concurrent callers share one reading. */
  async route(): Promise<Route> {
    if (this.#route && performance.now() - this.#readAt < credentialsMs) return this.#route;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** After a 401: read the credentials again with the next request. */
  forgetCredentials(): void {
    this.#readAt = -Infinity;
  }

  /** Ends every connection at once; running requests and watches fail. */
  async close(): Promise<void> {
    await Promise.all([this.#route?.requests.destroy(), this.#route?.watches.destroy()]);
    this.#route = undefined;
  }

  async #read(): Promise<Route> {
    const options: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers = { ...toHeaders(options), ...(await this.#fileToken()) };
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls: AgentOptions = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const material = JSON.stringify(tls);
    const old = this.#route;
    this.#readAt = performance.now();
    if (old && material === this.#material) return (this.#route = { ...old, headers });
    this.#material = material;
    this.#route = { server: this.#server, headers, ...this.#pools(tls) };
    // What runs on the old connections may finish; nobody waits for it.
    void old?.requests.close();
    void old?.watches.close();
    return this.#route;
  }

  /**
   * The token of a service account, out of its file (which the kubelet renews). client-node reads that file too, but
   * believes what it read for a minute, whatever a 401 says.
   */
  async #fileToken(): Promise<Record<string, string>> {
    const provider = this.#config.getCurrentUser()?.authProvider as { config?: { tokenFile?: unknown } } | undefined;
    const path = provider?.config?.tokenFile;
    if (typeof path !== 'string') return {};
    return { authorization: `Bearer ${(await readFile(path, 'utf8')).trim()}` };
  }

  #pools(tls: AgentOptions): Pick<Route, 'requests' | 'watches'> {
    const connect = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), tls);
    if (connect.type === 'socks') throw new Error('a SOCKS proxy-url is not supported: use an HTTP proxy or none');
    const make = (connections: number | null): Dispatcher => {
      // Both packages mean the options of tls.connect, but write what is absent in two ways.
      if (connect.type === 'proxy')
        return new ProxyAgent({ ...connect, ...poolOptions, connections } as ProxyAgent.Options);
      return new Agent({
        ...poolOptions,
        connections,
        ...(connect.type === 'agent' ? { connect: connect.connect } : {}),
      } as Agent.Options);
    };
    return { requests: make(this.#connections), watches: make(null) };
  }
}

function toHeaders(options: HttpsOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}
