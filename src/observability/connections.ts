import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Connections in all. */
  most: number;
  /** Connections of one remote address. */
  mostPerAddress: number;
  /** From the connection to the end of the request's headers, in ms. With TLS the handshake is part of it. */
  headersMs: number;
  /** From the headers to the end of the answer, in ms. */
  answerMs: number;
}

/**
 * The kubelet and a few scrapers need a handful; each TLS connection takes memory. A few for each address: one address
 * cannot fill the listener. The kubelet waits one second for a probe (`timeoutSeconds`), Prometheus ten for a scrape
 * (`scrape_timeout`): later nobody listens any more.
 */
export const CONNECTION_LIMITS: ConnectionLimits = {
  most: 200,
  mostPerAddress: 8,
  headersMs: 1_000,
  answerMs: 10_000,
};

interface Connection {
  socket: Socket;
  ends: string;
  address: string;
  /** Its request has come. */
  hasAsked: boolean;
  timer?: NodeJS.Timeout;
}

/**
 * The open connections of a listener, each of which brings one request. A new connection always gets in, for it may be
 * a probe. Where the limit is reached, another is closed for it: one that has not sent a request before one that has,
 * and of these the oldest of the address that has most of them. So an address that opens many connections loses its
 * own, however fast it opens new ones.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** By both ends, the oldest first. */
  readonly #open = new Map<string, Connection>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** A connection was made. With TLS this is the socket below it: the handshake counts. */
  add(socket: Socket): void {
    const { remoteAddress: address } = socket;
    // It is gone already.
    if (address === undefined) return void socket.destroy();
    this.#makeRoom(address);
    const connection: Connection = { socket, ends: endsOf(socket), address, hasAsked: false };
    this.#open.set(connection.ends, connection);
    socket.once('close', () => this.#drop(connection));
    this.#limit(connection, this.#limits.headersMs, () => !connection.hasAsked);
  }

  /** The headers of a request have come, on this socket or on the TLS socket above it. */
  asked(socket: Socket): void {
    const connection = this.#open.get(endsOf(socket));
    if (connection === undefined) return;
    connection.hasAsked = true;
    this.#limit(connection, this.#limits.answerMs, () => true);
  }

  /** Closes all of them. Node's own closeAllConnections() overlooks those in the middle of a TLS handshake. */
  closeAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  /** First in the address, so that one that is full closes its own connections and no others. */
  #makeRoom(address: string): void {
    const { most, mostPerAddress } = this.#limits;
    const ofAddress = [...this.#open.values()].filter((other) => other.address === address);
    if (ofAddress.length >= mostPerAddress) this.#drop(leastNeeded(ofAddress));
    if (this.#open.size >= most) this.#drop(leastNeeded([...this.#open.values()]));
  }

  #drop(connection: Connection | undefined): void {
    if (connection === undefined) return;
    clearTimeout(connection.timer);
    connection.socket.destroy();
    // The same ends may be another connection by now.
    if (this.#open.get(connection.ends) === connection) this.#open.delete(connection.ends);
  }

  /**
   * After a pause of the whole process the timer is the first to run, and what has come meanwhile is read next: that
   * still counts.
   */
  #limit(connection: Connection, ms: number, isOver: () => boolean): void {
    clearTimeout(connection.timer);
    const close = (): void => (isOver() ? this.#drop(connection) : undefined);
    connection.timer = setTimeout(() => setImmediate(close), ms);
    connection.timer.unref();
  }
}

function leastNeeded(connections: readonly Connection[]): Connection | undefined {
  const silent = connections.filter(({ hasAsked }) => !hasAsked);
  const byAddress = Map.groupBy(silent.length > 0 ? silent : connections, ({ address }) => address);
  // The oldest first, also among addresses that have as many.
  return [...byAddress.values()].reduce((most, one) => (one.length > most.length ? one : most), [])[0];
}

/** A TLS socket and the one below it have the same ends; there is no other public way from the one to the other. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
