import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { ConnectionError } from './api-error.ts';
import { binaryFrame, closeFrame, FrameReader, pongFrame } from './websocket-frames.ts';
import type { FramePart } from './websocket-frames.ts';

/** Of RFC 6455, 1.3: it shows that the server knows WebSocket. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** How long the other side may take to close after we did, in ms. */
const closeTimeoutMs = 1_000;

/** What a client has to send with its GET, and what it expects to find in the answer. */
export interface Handshake {
  headers: Record<string, string>;
  accept: string;
  protocols: readonly string[];
}

/** @param protocols subprotocols, the preferred one first */
export function createHandshake(protocols: readonly string[]): Handshake {
  const key = randomBytes(16).toString('base64');
  return {
    headers: {
      // A server that is asked for JSON answers 406: what it would send is none.
      accept: '*/*',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocols.join(', '),
    },
    accept: createHash('sha1').update(`${key}${GUID}`).digest('base64'),
    protocols,
  };
}

/** A WebSocket on a connection that the server has switched. Who has it must `destroy` it in the end. */
export class WebSocketConnection {
  /** The subprotocol that the server has chosen. */
  readonly protocol: string;
  readonly #socket: Duplex;
  readonly #reader = new FrameReader();

  /**
   * @throws ConnectionError (EPROTO) when it is no WebSocket or has none of our subprotocols; the connection is then
   * destroyed
   */
  constructor(socket: Duplex, headers: IncomingHttpHeaders, { accept, protocols }: Handshake) {
    this.#socket = socket;
    this.protocol = headers['sec-websocket-protocol'] ?? '';
    if (headers['sec-websocket-accept'] === accept && protocols.includes(this.protocol)) return;
    this.destroy();
    const chosen = this.protocol || 'no subprotocol';
    throw new ConnectionError('EPROTO', `the server answered with ${chosen}, not with ${protocols.join(' or ')}`);
  }

  /**
   * What the server sends, as it comes, until it closes the connection in one way or another. Pings are answered. To be
   * called once.
   * @throws Error when the connection breaks or the server does not keep to the protocol
   */
  async *read(): AsyncGenerator<Extract<FramePart, { kind: 'data' }>> {
    for await (const chunk of this.#socket as AsyncIterable<Uint8Array>) {
      for (const part of this.#reader.read(chunk)) {
        if (part.kind === 'close') return;
        if (part.kind === 'ping') await this.#write(pongFrame(part.bytes, randomBytes(4)));
        if (part.kind === 'data') yield part;
      }
    }
  }

  /** Resolves when the message has left this process. @throws Error when the connection is gone */
  send(message: Uint8Array): Promise<void> {
    return this.#write(binaryFrame(message, randomBytes(4)));
  }

  /**
   * Says good-bye after what was sent, and waits a second at most until the other side has closed too. It never
   * rejects.
   */
  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.destroy(), closeTimeoutMs);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.end(closeFrame(randomBytes(4)));
      // What still comes is not read, but it has to be taken: else the end behind it would not be seen.
      socket.resume();
    });
  }

  /** Ends the connection at once, wherever it is; `read` and `send` then throw. */
  destroy(): void {
    this.#socket.destroy();
  }

  #write(frame: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.write(frame, (error) => (error ? reject(error) : resolve())));
  }
}
