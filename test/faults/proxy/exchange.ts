import { once } from 'node:events';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Asked } from './asked.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One request, the honest answer to it, and what is answered. */
export interface Exchange {
  readonly asked: Asked;
  /** Lets the API server carry it out. Resolves once its whole answer is here; nobody has seen it yet. */
  forward(): Promise<Answer>;
  /** Resolves once all of it has been handed to the network. */
  answer(answer: Answer): Promise<void>;
  /** Closes the connection of whoever asked; no answer is sent. */
  cut(): void;
}

/** Headers without what belongs to the connection, or to the length of what was sent on it. */
export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const ofConnection = ['connection', 'transfer-encoding', 'content-length'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));
}

/** A request with an answer that ends: not a watch. */
export class HttpExchange implements Exchange {
  readonly asked: Asked;
  readonly #response: ServerResponse;
  readonly #send: () => Promise<IncomingMessage>;

  constructor(asked: Asked, response: ServerResponse, send: () => Promise<IncomingMessage>) {
    this.asked = asked;
    this.#response = response;
    this.#send = send;
  }

  async forward(): Promise<Answer> {
    const answer = await this.#send();
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(parts) };
  }

  async answer({ status, headers, body }: Answer): Promise<void> {
    this.#response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
    this.#response.end(body);
    await finished(this.#response);
  }

  cut(): void {
    this.#response.destroy();
  }
}

/** A request that becomes a connection: exec and attach. */
export class UpgradeExchange implements Exchange {
  readonly asked: Asked;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  readonly #send: () => ClientRequest;
  #upstream: Duplex | undefined;

  constructor(asked: Asked, socket: Duplex, head: Buffer, send: () => ClientRequest) {
    this.asked = asked;
    this.#socket = socket;
    this.#head = head;
    this.#send = send;
  }

  async forward(): Promise<Answer> {
    const request = this.#send();
    const opened = once(request, 'upgrade') as Promise<[IncomingMessage, Duplex, Buffer]>;
    const refused = once(request, 'response') as Promise<[IncomingMessage]>;
    const [answer, upstream, first] = await Promise.race([opened, refused]);
    opened.catch(() => undefined);
    refused.catch(() => undefined);
    const { statusCode: status = 502, headers } = answer;
    if (upstream === undefined) {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      return { status, headers, body: Buffer.concat(parts) };
    }
    upstream.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => upstream.destroy());
    upstream.write(this.#head);
    this.#upstream = upstream;
    return { status, headers, body: first ?? Buffer.alloc(0) };
  }

  async answer({ status, headers, body }: Answer): Promise<void> {
    const fields = Object.entries(status === 101 ? headers : { ...headers, 'content-length': String(body.length) });
    const lines = fields
      .filter(([name]) => name !== 'transfer-encoding')
      .flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`));
    const head = Buffer.from(`HTTP/1.1 ${status} Answer\r\n${lines.join('\r\n')}\r\n\r\n`);
    const sent = new Promise<void>((resolve) => this.#socket.write(Buffer.concat([head, body]), () => resolve()));
    if (status === 101 && this.#upstream !== undefined) {
      this.#upstream.pipe(this.#socket);
      this.#socket.pipe(this.#upstream);
    }
    await sent;
  }

  cut(): void {
    this.#upstream?.destroy();
    this.#socket.destroy();
  }
}
