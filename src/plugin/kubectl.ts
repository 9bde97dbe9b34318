import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { Fault } from './fault.ts';
import { KubectlProxy, NoProxy, type Reply } from './kubectl-proxy.ts';
import { overhear } from './overhear.ts';
import { type Refusal, refusalOf } from './refusal-words.ts';
import { statusWords } from './status-words.ts';
import { textOf } from './text-of.ts';

/** How a call of kubectl ended. */
export type Answer = { kind: 'done'; stdout: string } | { kind: 'refused'; refusal: Refusal };

export interface KubectlOptions {
  /** The program, found in PATH unless it has a slash. */
  program: string;
  /** The flags that say which cluster, and as whom. */
  connection: readonly string[];
  /** Where words of a credential plugin go that waits for its user, such as a device code. */
  stderr: Writable;
  env: NodeJS.ProcessEnv;
}

export interface CallOptions {
  /**
   * A manifest, which kubectl reads from standard input. Without one that stays the terminal, which a credential plugin
   * may ask for.
   */
  manifest?: object;
  /** A Ctrl-C of the terminal does not reach it: a write is not to be torn. */
  isWrite?: boolean;
}

/**
 * The API server, by the kubectl of the person: kubeconfigs, contexts, credential plugins, proxies and impersonation
 * work as they have set them up (docs/adr/0030, docs/adr/0058).
 */
export class Kubectl {
  readonly #options: KubectlOptions;
  #proxy: KubectlProxy | undefined;

  constructor(options: KubectlOptions) {
    this.#options = options;
  }

  /** The value of `--namespace`, as it was given. */
  get givenNamespace(): string | undefined {
    const flag = '--namespace=';
    return this.#options.connection.find((word) => word.startsWith(flag))?.slice(flag.length);
  }

  /** Whether kubectl may take the namespace of the pod that it runs in. */
  get isInPod(): boolean {
    return this.#options.env['KUBERNETES_SERVICE_HOST'] !== undefined;
  }

  /** Has one kubectl take all requests by path from now on, for a verb that sends several after each other. */
  openProxy(): void {
    this.#proxy ??= KubectlProxy.open(this.#options);
  }

  /** Reads what is at a path. @throws Fault when there is no kubectl */
  async read(path: string): Promise<Answer> {
    const reply = await this.#proxy?.send('GET', path).catch(() => undefined);
    return (reply && answerOf(reply)) ?? this.call(['get', '--raw', path]);
  }

  /**
   * Creates an object by the path of its kind, so that kubectl asks for nothing else first.
   * @throws Fault when there is no kubectl, or the connection broke
   */
  async create(path: string, manifest: object): Promise<Answer> {
    const reply = await this.#sendOnce(path, manifest);
    if (reply === undefined) return this.call(['create', '--raw', path], { manifest, isWrite: true });
    return answerOf(reply) ?? { kind: 'refused', refusal: refusalOf(reply.body, 1) };
  }

  /**
   * The lines of the answer to a path that goes on, a watch. Ends with the stream, or once `signal` says so.
   * @throws Fault when it cannot be read
   */
  async *watch(path: string, signal: AbortSignal): AsyncIterable<string> {
    const answer = await this.#proxy?.open(path, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (answer?.statusCode !== 200) {
      answer?.resume();
      yield* this.lines(['get', '--raw', path], signal);
      return;
    }
    try {
      yield* createInterface({ input: answer });
    } catch (error) {
      if (!signal.aborted) throw new Fault(error instanceof Error ? error.message : String(error));
    }
    if (!answer.complete && !signal.aborted) throw new Fault('the connection was cut');
  }

  /** Runs kubectl to its end. @throws Fault when there is no kubectl */
  async call(args: readonly string[], { manifest, isWrite = false }: CallOptions = {}): Promise<Answer> {
    const all = manifest === undefined ? args : [...args, '-f', '-'];
    const stdin = manifest === undefined ? 'inherit' : 'pipe';
    const child = this.#spawn(all, [stdin, 'pipe', 'pipe'], { detached: isWrite });
    // A kubectl that ends before it reads says why on standard error.
    child.stdin?.on('error', () => undefined).end(JSON.stringify(manifest));
    const [stdout, said, code] = await Promise.all([
      textOf(child.stdout),
      overhear(child, this.#options.stderr),
      this.#codeOf(child),
    ]);
    return code === 0 ? { kind: 'done', stdout } : { kind: 'refused', refusal: refusalOf(said, code) };
  }

  /** The same; its standard output. @throws Fault with the words of the server, one line a reason */
  async must(args: readonly string[], options: CallOptions = {}): Promise<string> {
    const answer = await this.call(args, options);
    if (answer.kind === 'refused') throw new Fault(answer.refusal.lines);
    return answer.stdout;
  }

  /** The same with `-o json`; the object. @throws Fault */
  async json<T>(args: readonly string[], options: CallOptions = {}): Promise<T> {
    return JSON.parse(await this.must([...args, '--output=json'], options)) as T;
  }

  /**
   * The lines of a call that goes on, such as a watch. Ends with the stream; a `signal` ends kubectl. A Ctrl-C of the
   * terminal does not reach it.
   * @throws Fault when kubectl fails
   */
  async *lines(args: readonly string[], signal: AbortSignal): AsyncIterable<string> {
    const child = this.#spawn(args, ['ignore', 'pipe', 'pipe'], { detached: true });
    const stop = (): void => void child.kill();
    signal.addEventListener('abort', stop);
    const said = textOf(child.stderr);
    const code = this.#codeOf(child);
    try {
      if (signal.aborted) stop();
      if (child.stdout !== null) yield* createInterface({ input: child.stdout });
      if ((await code) !== 0 && !signal.aborted) throw new Fault(refusalOf(await said, 1).lines);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  /**
   * Copies the standard output of a call without its first `skip` bytes to `out`.
   * @returns how many bytes kubectl wrote in all, and its words when it failed
   */
  async copy(args: readonly string[], out: Writable, skip = 0): Promise<{ bytes: number; refusal?: Refusal }> {
    const child = this.#spawn(args, ['ignore', 'pipe', 'pipe']);
    const said = textOf(child.stderr);
    const code = this.#codeOf(child);
    let bytes = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const fresh = chunk.subarray(Math.max(0, skip - bytes));
      bytes += chunk.length;
      if (fresh.length > 0 && !out.write(fresh)) await new Promise((resolve) => out.once('drain', resolve));
    }
    const ended = await code;
    return ended === 0 ? { bytes } : { bytes, refusal: refusalOf(await said, ended) };
  }

  /** Gives the terminal to kubectl until it ends. @returns its exit code, and what it said of itself */
  async hand(args: readonly string[]): Promise<{ code: number; refusal: Refusal }> {
    const child = this.#spawn(args, ['inherit', 'inherit', 'pipe']);
    const said = textOf(child.stderr);
    const code = await this.#codeOf(child);
    return { code, refusal: refusalOf(await said, code) };
  }

  #spawn(
    args: readonly string[],
    stdio: ('inherit' | 'ignore' | 'pipe')[],
    { detached = false }: { detached?: boolean } = {},
  ): ChildProcess {
    const { program, connection, env } = this.#options;
    return spawn(program, [...connection, ...args], { stdio, env, detached });
  }

  /** Rejects when there is no such program. A signal that ended it counts as in a shell. */
  #codeOf(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'ENOENT' ? 'is not found: install it, or name it in the variable KUBECTL' : error.message;
        reject(new Fault(`${this.#options.program} ${why}`));
      });
      child.once('close', (code) => resolve(code ?? 130));
    });
  }

  /** Undefined: nothing was done, and kubectl may do it. @throws Fault when that is not known */
  async #sendOnce(path: string, manifest: object): Promise<Reply | undefined> {
    try {
      const reply = await this.#proxy?.send('POST', path, manifest);
      return reply !== undefined && NOT_DONE.includes(reply.status) ? undefined : reply;
    } catch (error) {
      if (error instanceof NoProxy) return undefined;
      throw new Fault(`the connection broke: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Unauthorized, and too many requests: kubectl gets new credentials, and waits. */
const NOT_DONE = [401, 429];

/** Undefined: kubectl has to say it. */
function answerOf({ status, body }: Reply): Answer | undefined {
  if (status >= 200 && status < 300) return { kind: 'done', stdout: body };
  if (status >= 500 || NOT_DONE.includes(status)) return undefined;
  const words = statusWords(body);
  return words === undefined ? undefined : { kind: 'refused', refusal: refusalOf(words, 1) };
}
