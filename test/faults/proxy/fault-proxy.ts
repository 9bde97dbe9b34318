import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as send, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse, stringify } from 'yaml';
import { splitLines } from '../../../src/kube/json-lines.ts';
import { selfSignedCertificate } from '../../../src/observability/self-signed-certificate.ts';
import type { Asked } from './asked.ts';
import { endToEnd, HttpExchange, UpgradeExchange, type Exchange } from './exchange.ts';
import { Reader, watchLine, type Tamper } from './tamper.ts';
import { Wire } from './wire.ts';

/**
 * Does something to one request and its answer.
 * @returns undefined: nothing, it goes its way
 */
export type Fault = (exchange: Exchange) => Promise<void> | undefined;

const LONGEST_LINE_BYTES = 16 * 2 ** 20;

interface KubeconfigFile {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[];
}

/**
 * An API server in front of the real one: HTTPS on both sides, and a wire before it that can be cut or frozen. The
 * credentials of every request are passed on. Without a fault it changes nothing.
 */
export class FaultProxy {
  /** Everything that was asked, in the order of its arrival. */
  readonly asked: Asked[] = [];
  /** Whether the API server is away: each request is cut, and none is told of in `asked`. */
  isAway = false;
  /** Of what goes through; each request is shown to it before anything is done. */
  fault: Fault = () => undefined;
  /** Of the lines of a watch that is opened; undefined: they go their way. */
  tamper: (asked: Asked) => Tamper | undefined = () => undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'debugsession-proxy-'));
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #agent: Agent;
  readonly #file: KubeconfigFile;
  #wire: Wire | undefined;
  readonly #certificate = selfSignedCertificate({ hostname: 'localhost', now: new Date(), days: 1 });

  private constructor(kubeconfig: string) {
    this.#file = parse(readFileSync(kubeconfig, 'utf8')) as KubeconfigFile;
    const [entry] = this.#file.clusters;
    if (entry === undefined) throw new Error(`${kubeconfig} names no cluster`);
    this.#upstream = new URL(entry.cluster.server);
    this.#agent = new Agent({ keepAlive: true, ca: authorityOf(entry.cluster) });
    this.#server = createServer(this.#certificate, (request, response) => void this.#take(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#takeUpgrade(request, socket, head),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    // A client that was killed, or a handshake that was cut: nobody is left to tell.
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** @param kubeconfig of one cluster and a user whose credentials go with each request: a token */
  static async start(kubeconfig: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(kubeconfig);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.#wire = await Wire.start((proxy.#server.address() as AddressInfo).port);
    proxy.#writeKubeconfig();
    return proxy;
  }

  /** Between the operator and this proxy. */
  get wire(): Wire {
    if (this.#wire === undefined) throw new Error('the proxy has not been started');
    return this.#wire;
  }

  /** The same user as in the kubeconfig of the start; its server is this proxy, by the authority of the proxy. */
  get kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    await this.#wire?.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    rmSync(this.#folder, { recursive: true });
    await closed;
  }

  #writeKubeconfig(): void {
    const clusters = this.#file.clusters.map((entry) => ({
      ...entry,
      cluster: {
        server: `https://127.0.0.1:${this.wire.port}`,
        'certificate-authority-data': Buffer.from(this.#certificate.cert).toString('base64'),
      },
    }));
    writeFileSync(this.kubeconfig, stringify({ ...this.#file, clusters }), { mode: 0o600 });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = askedOf(request, false);
    try {
      const body = await bodyOf(request);
      if (this.isAway) return void response.destroy();
      this.asked.push(asked);
      const upstream = (): Promise<IncomingMessage> => this.#send(request, body);
      const line = this.wire.lineFrom(request.socket.remotePort);
      const exchange = new HttpExchange({ asked, line }, response, upstream);
      const done = this.fault(exchange);
      if (done !== undefined) return await done;
      if (asked.isWatch) return await this.#watch(asked, response, await upstream());
      await exchange.answer(await exchange.forward());
    } catch {
      // One of the two sides has gone: the other sees the same.
      response.destroy();
    }
  }

  async #watch(asked: Asked, response: ServerResponse, answer: IncomingMessage): Promise<void> {
    response.on('close', () => answer.destroy());
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    response.flushHeaders();
    const tamper = answer.statusCode === 200 ? this.tamper(asked) : undefined;
    if (tamper === undefined) return pipeline(answer, response);
    const reader = new Reader(response);
    for await (const text of splitLines(answer, LONGEST_LINE_BYTES)) {
      await tamper(watchLine(text), reader);
      if (reader.isOver) return;
    }
    reader.end();
  }

  #takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = askedOf(request, true);
    socket.on('error', () => undefined);
    if (this.isAway) return void socket.destroy();
    this.asked.push(asked);
    const line = this.wire.lineFrom(request.socket.remotePort);
    const exchange = new UpgradeExchange({ asked, line }, { socket, head }, () => this.#request(request).end());
    const done = this.fault(exchange) ?? exchange.forward().then((answer) => exchange.answer(answer));
    done.catch(() => socket.destroy());
  }

  #request(request: IncomingMessage): ReturnType<typeof send> {
    const { hostname, port, pathname } = this.#upstream;
    const path = pathname.replace(/\/$/, '') + (request.url ?? '/');
    const headers = { ...request.headers, host: this.#upstream.host };
    const agent = request.headers.upgrade === undefined ? this.#agent : new Agent({ ca: this.#agent.options.ca });
    return send({ hostname, port, path, method: request.method ?? 'GET', headers, agent });
  }

  #send(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const taken = (answer: IncomingMessage): void => {
        // A watch whose client was killed has nobody who reads it when its connection goes.
        answer.on('error', () => undefined);
        resolve(answer);
      };
      this.#request(request).on('response', taken).on('error', reject).end(body);
    });
  }
}

function authorityOf(cluster: KubeconfigFile['clusters'][number]['cluster']): Buffer {
  const { 'certificate-authority-data': data, 'certificate-authority': file = '' } = cluster;
  return data === undefined ? readFileSync(file) : Buffer.from(data, 'base64');
}

function askedOf({ method = 'GET', url = '/' }: IncomingMessage, isUpgrade: boolean): Asked {
  const { pathname, searchParams } = new URL(url, 'https://kubernetes');
  const isWatch = searchParams.get('watch') === 'true';
  return { verb: method, path: pathname, isWatch, isUpgrade };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
