import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { overhear } from './overhear.ts';
import { textOf } from './text-of.ts';

/** What the API server said, as it came. */
export interface Reply {
  status: number;
  body: string;
}

export interface ProxyOptions {
  program: string;
  connection: readonly string[];
  stderr: Writable;
  env: NodeJS.ProcessEnv;
}

/**
 * Runs kubectl, with our standard input as its own, for as long as descriptor 3 is open. We hold its other end, so it
 * closes however we end, SIGKILL included. Then kubectl goes, a credential plugin that still waits for its user, and
 * the folder. A Ctrl-C of the terminal is for us alone.
 */
const KEEPER = `
trap '' INT QUIT HUP
folder=$1
shift
"$@" <&4 3<&- 4<&- &
proxy=$!
exec <&3 >/dev/null 2>&1 3<&- 4<&-
read -r _
ps -A -o pid= -o ppid= | while read -r child parent; do
  if [ "$parent" = "$proxy" ]; then kill "$child"; fi
done
kill "$proxy"
rm -rf -- "$folder"
`;

/** The shortest limit of the systems that have Unix sockets: macOS, with the closing zero. */
const MAX_SOCKET_PATH = 103;

/** A path of the API server's URL is kept; exec, attach and port forwarding stay closed, as by default. */
const FLAGS = ['--append-server-path=true'];

/** kubectl does not serve, or does no more. Nothing was sent. */
export class NoProxy extends Error {}

/**
 * One kubectl that takes all requests by path, on a socket in a folder that only this user may enter
 * (docs/adr/0058). It has the connection flags, so credentials, proxies and impersonation stay its own affair.
 */
export class KubectlProxy {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #isServing: Promise<boolean>;

  private constructor(options: ProxyOptions, folder: string) {
    this.#socketPath = join(folder, 's');
    this.#isServing = this.#start(options, folder);
  }

  /** Starts it. Undefined where this system or these flags have no use for it. */
  static open(options: ProxyOptions): KubectlProxy | undefined {
    // Node knows no Unix sockets there.
    if (process.platform === 'win32') return undefined;
    // It does not limit the requests that it hands on.
    if (options.connection.some((flag) => flag.startsWith('--request-timeout'))) return undefined;
    try {
      const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-proxy-'));
      if (join(folder, 's').length <= MAX_SOCKET_PATH) return new KubectlProxy(options, folder);
      rmSync(folder, { recursive: true });
      return undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Sends one request.
   * @throws NoProxy when nothing was sent, another Error when the connection broke later
   */
  async send(method: string, path: string, body?: object): Promise<Reply> {
    const response = await this.#ask(method, path, { body });
    return { status: response.statusCode ?? 0, body: await textOf(response) };
  }

  /** The same; its answer as it comes. @throws NoProxy, or another Error when the connection broke */
  open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#ask('GET', path, { signal });
  }

  async #ask(
    method: string,
    path: string,
    { body, signal }: { body?: object | undefined; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    if (!(await this.#isServing)) throw new NoProxy();
    const headers = { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }) };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent: ClientRequest = request({
      agent: this.#agent,
      socketPath: this.#socketPath,
      // The name that kubectl proxy lets in.
      host: 'localhost',
      method,
      path,
      headers,
      ...(signal !== undefined && { signal }),
    });
    sent.once('response', resolve).once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? new NoProxy() : error);
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  /** @returns whether it came to serve */
  async #start({ program, connection, stderr, env }: ProxyOptions, folder: string): Promise<boolean> {
    const words = [program, ...connection, 'proxy', `--unix-socket=${this.#socketPath}`, ...FLAGS];
    const child = spawn('sh', ['-c', KEEPER, 'sh', folder, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 0],
    });
    // It may end before us.
    for (const stream of child.stdio) stream?.on('error', () => undefined);
    void overhear(child, stderr);
    try {
      return await isServing(child);
    } catch {
      // There is no sh.
      rmSync(folder, { recursive: true, force: true });
      return false;
    }
  }
}

/** It says one line once it listens, and ends before that when it cannot. */
function isServing(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    const lines = createInterface({ input: child.stdout as Readable });
    lines.once('line', () => resolve(true)).once('close', () => resolve(false));
  });
}
