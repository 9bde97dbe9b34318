import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Agent, fetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/cluster/free-port.ts';
import { Stage } from '../support/cluster/stage.ts';

// A stranger who opens connections to the operator and says nothing on them, or little at a time: probes and scrapes
// are answered all the same.

const CONNECTIONS = 260;
let stage: Stage;
const ports = { probes: 0, metrics: 0 };
const agent = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } });

beforeAll(async () => {
  stage = await Stage.open('connections', { operator: false });
  ports.probes = await freePort();
  ports.metrics = await freePort();
  await stage.startOperator(
    `--health-probe-bind-address=127.0.0.1:${ports.probes}`,
    `--metrics-bind-address=127.0.0.1:${ports.metrics}`,
  );
});

afterAll(async () => {
  await agent.close();
  await stage.close();
});

let flood: Flood | undefined;
afterEach(() => flood?.end());

/** Connections that are opened again as soon as they are closed. */
class Flood {
  readonly #port: number;
  readonly #say: (socket: Socket) => void;
  readonly #open = new Set<Socket>();
  #isOver = false;
  /** How many the operator has closed. */
  closed = 0;

  private constructor(port: number, say: (socket: Socket) => void) {
    this.#port = port;
    this.#say = say;
  }

  /** @param addresses how many loopback addresses they come from, evenly */
  static async begin(port: number, addresses: number, say: (socket: Socket) => void): Promise<Flood> {
    const made = new Flood(port, say);
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => made.#connect(`127.0.1.${1 + (n % addresses)}`)));
    return made;
  }

  end(): void {
    this.#isOver = true;
    this.#open.forEach((socket) => socket.destroy());
  }

  async #connect(localAddress: string): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, localAddress });
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open.delete(socket);
      this.closed += 1;
      if (!this.#isOver) void this.#connect(localAddress);
    });
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
    // Its 'close' has been, and would not end what is begun now.
    if (socket.destroyed) return;
    this.#say(socket);
    socket.resume();
  }
}

/** Says one more header from time to time. */
function drip(socket: Socket): void {
  socket.write('GET /healthz HTTP/1.1\r\n');
  const timer = setInterval(() => socket.write('X: y\r\n'), 50);
  socket.once('close', () => clearInterval(timer));
}

const ASK = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
/** The first bytes of a TLS handshake whose rest never comes. */
const HALF_A_HELLO = Buffer.from('16030100c8010000c40303', 'hex');

describe.each<[words: string, addresses: number, say: (socket: Socket) => void]>([
  ['say nothing, from one address', 1, () => {}],
  ['say nothing, from 60 addresses', 60, () => {}],
  ['send their headers drop by drop', 60, drip],
  ['ask for something, and again', 60, (socket) => socket.write(ASK)],
  ['begin a TLS handshake and do not go on', 60, (socket) => socket.write(HALF_A_HELLO)],
  ['close their own half at once', 60, (socket) => socket.end()],
])(`${CONNECTIONS} connections that %s`, (_words, addresses, say) => {
  it('a probe gets its answer while hostile connections flood its port', async () => {
    flood = await Flood.begin(ports.probes, addresses, say);
    for (let probe = 0; probe < 15; probe += 1) {
      const answer = await fetch(`http://127.0.0.1:${ports.probes}/healthz`, { dispatcher: agent });
      expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
      const before = flood.closed;
      await stage.until('others of them are open', () => Promise.resolve((flood?.closed ?? 0) > before));
    }
  });

  it('a scrape gets its answer while hostile connections flood its port', async () => {
    flood = await Flood.begin(ports.metrics, addresses, say);
    for (let scrape = 0; scrape < 5; scrape += 1) {
      const answer = await fetch(`https://127.0.0.1:${ports.metrics}/metrics`, { dispatcher: agent });
      expect(answer.status).toBe(401);
      await answer.text();
      const before = flood.closed;
      await stage.until('others of them are open', () => Promise.resolve((flood?.closed ?? 0) > before));
    }
  });
});
