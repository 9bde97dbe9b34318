import { once } from 'node:events';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Asked } from './asked.ts';
import type { Line } from './wire.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What was asked, and the connection that it came on. */
interface Request {
  readonly asked: Asked;
  readonly line: Line | undefined;
}

/** One request, the honest answer to it, and what is answered. */
export interface Exchange extends Request {
  /** Lets the API server carry it out. Resolves once its whole answer is here; nobody has seen it yet. */
  forward(): Promise<Answer>;
  /** Resolves once all of it has been handed to the network. */
  answer(answer: Answer): Promise<void>;
  /** Sends half of it at once, and then a byte at a time for as long as somebody waits for the rest. */
  drip(answer: Answer): Promise<void>;
  /** Closes the connection of whoever asked; no answer is sent. */
  cut(): void;
}

/** Half an answer of this project has some hundred bytes: no client waits for all of them. */
const DROP_MS = 250;

/** Headers without what belongs to the connection, or to the length of what was sent on it. */
export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const ofConnection = ['connection', 'transfer-encoding', 'content-length'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.includes(name)));
}

/** A request with an answer that ends: not a watch. */
export class HttpExchange implements Exchange {
  readonly asked: Asked;
  readonly line: Line | undefined;
  readonly #response: ServerResponse;
  readonly #send: () => Promise<IncomingMessage>;

  constructor({ asked, line }: Request, response: ServerResponse, send: () => Promise<IncomingMessage>) {
    this.asked = asked;
    this.line = line;
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

  async drip({ status, headers, body }: Answer): Promise<void> {
    this.#response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
    const half = Math.floor(body.length / 2);
    this.#response.write(body.subarray(0, half));
    for (let at = half; at < body.length - 1 && !this.#response.destroyed; at += 1) {
      this.#response.write(body.subarray(at, at + 1));
      await delay(DROP_MS);
    }
    this.#response.destroy();
  }

  cut(): void {
    this.#response.destroy();
  }
}

/** A request that becomes a connection: exec and attach. */
export class UpgradeExchange implements Exchange {
  readonly asked: Asked;
  readonly line: Line | undefined;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  readonly #send: () => ClientRequest;
  #upstream: Duplex | undefined;

  constructor({ asked, line }: Request, { socket, head }: { socket: Duplex; head: Buffer }, send: () => ClientRequest) {
    this.asked = asked;
    this.line = line;
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

  /** What is said on the connection is no answer: it comes at once. */
  drip(answer: Answer): Promise<void> {
    return this.answer(answer);
  }

  cut(): void {
    this.#upstream?.destroy();
    this.#socket.destroy();
  }
}
