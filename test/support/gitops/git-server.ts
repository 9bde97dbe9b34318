import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mustRun } from '../../cluster/run-program.ts';

const BRANCH = 'main';
const IDENTITY = ['-c', 'user.name=dana', '-c', 'user.email=dana@example.com'];

/** Files of a commit by their paths; null removes one. An object is written as JSON, which YAML contains. */
export type Change = Readonly<Record<string, object | string | null>>;

/** A Git repository behind HTTP, as a forge offers one: git's own `http-backend` answers. */
export class GitServer {
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<GitServer> {
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-git-'));
    await mustRun(['git', 'init', '--quiet', `--initial-branch=${BRANCH}`, folder]);
    const server = createServer((request, response) => answer(folder, request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GitServer(folder, server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/.git`;
  }

  /** @returns the revision, as Flux writes it */
  async commit(change: Change, message = 'A change'): Promise<string> {
    for (const [path, content] of Object.entries(change)) this.#write(join(this.#folder, path), content);
    return this.#committed(['commit', '--quiet', '--allow-empty', `--message=${message}`]);
  }

  /** Takes the last commit back, by another commit. @returns the revision, as Flux writes it */
  async revert(): Promise<string> {
    return this.#committed(['revert', '--no-edit', 'HEAD']);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    rmSync(this.#folder, { recursive: true });
  }

  #write(file: string, content: object | string | null): void {
    if (content === null) return rmSync(file);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }

  async #committed(command: readonly string[]): Promise<string> {
    const git = ['git', '-C', this.#folder, ...IDENTITY];
    await mustRun([...git, 'add', '--all']);
    await mustRun([...git, ...command]);
    const hash = await mustRun([...git, 'rev-parse', 'HEAD']);
    return `${BRANCH}@sha1:${hash.trim()}`;
  }
}

/** Hands one request to git by CGI (RFC 3875), and its answer back. */
function answer(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { 'content-type': type = '', 'content-encoding': encoding = '', 'git-protocol': protocol } = request.headers;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: type,
      HTTP_CONTENT_ENCODING: encoding,
      ...(request.headers['content-length'] !== undefined && { CONTENT_LENGTH: request.headers['content-length'] }),
      ...(typeof protocol === 'string' && { GIT_PROTOCOL: protocol }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // It does not read a request that it refuses.
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('close', () => reply(Buffer.concat(chunks), response));
}

function reply(said: Buffer, response: ServerResponse): void {
  const end = said.indexOf('\r\n\r\n');
  if (end < 0) {
    response.writeHead(500).end();
    return;
  }
  for (const line of said.subarray(0, end).toString().split('\r\n')) {
    const [name = '', value = ''] = line.split(/: (.*)/);
    if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(said.subarray(end + 4));
}
