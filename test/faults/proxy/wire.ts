import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One connection, from the operator to the proxy. */
export class Line {
  /** Resolves once the operator has given it up, or has gone. */
  readonly left: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  /** What is held back while it is frozen, in order. */
  #held: (() => void)[] | undefined;
  #isLost = false;

  constructor(client: Socket, server: Socket, onSign: () => void) {
    this.#client = client;
    this.#server = server;
    this.left = new Promise((resolve) => client.on('close', () => resolve()));
    client.on('data', (bytes: Buffer) => {
      onSign();
      this.#pass(() => server.write(bytes));
    });
    server.on('data', (bytes: Buffer) => this.#pass(() => client.write(bytes)));
    client.on('close', () => this.#pass(() => server.destroy()));
    server.on('close', () => this.#pass(() => client.destroySoon()));
    for (const socket of [client, server]) socket.on('error', () => undefined);
  }

  /** Both ends see it close. */
  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** From here on nothing gets through, and neither end is told: a connection that is open on one side only. */
  lose(): void {
    this.#isLost = true;
    this.#client.on('close', () => this.#server.destroy());
  }

  freeze(): void {
    this.#held ??= [];
  }

  /** All that was held back arrives now, also the end of it. */
  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  #pass(pass: () => void): void {
    if (this.#isLost) return;
    if (this.#held === undefined) pass();
    else this.#held.push(pass);
  }
}

/** Relays bytes and knows nothing of what they mean: what goes wrong below HTTP goes wrong here. */
export class Wire {
  /** By the port from which the proxy sees the connection come. */
  readonly #lines = new Map<number, Line>();
  readonly #server: Server;
  readonly #waiting: (() => void)[] = [];
  #isFrozen = false;

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = createConnection({ host: '127.0.0.1', port: target });
      const line = new Line(client, server, () => this.#sign());
      if (this.#isFrozen) line.freeze();
      server.on('connect', () => {
        const port = server.localPort ?? 0;
        this.#lines.set(port, line);
        server.on('close', () => this.#lines.delete(port));
      });
      this.#sign();
    });
  }

  static async start(target: number): Promise<Wire> {
    const wire = new Wire(target);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @param port of the other end of the socket that a request came from */
  lineFrom(port: number | undefined): Line | undefined {
    return this.#lines.get(port ?? 0);
  }

  cutAll(): void {
    for (const line of this.#lines.values()) line.cut();
  }

  /** Nothing gets through in either direction, on no connection, until it is thawed. */
  freeze(): void {
    this.#isFrozen = true;
    for (const line of this.#lines.values()) line.freeze();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const line of this.#lines.values()) line.thaw();
  }

  /** Resolves when the operator next sends something or opens a connection, whether or not it gets through. */
  nextSign(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.thaw();
    this.cutAll();
    await closed;
  }

  #sign(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
