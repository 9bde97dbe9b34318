import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';

/** The built operator as a child process with its defaults, but alone and so without a Lease; its log goes to a file, as a container runtime would have it. */
export class Operator {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<unknown>;
  #stopping = false;
  /** Rejects when it ends by itself; pending otherwise. */
  readonly failed: Promise<never>;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
    this.#exited = once(child, 'exit');
    this.failed = this.#exited.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error(`the operator ended: ${this.#tail()}`);
    });
    this.failed.catch(() => undefined);
  }

  /**
   * Resolves when it is ready.
   * @param options.folder holds main.js and takes the log
   */
  static async start(options: {
    folder: string;
    kubeconfig: string;
    namespaces: readonly string[];
  }): Promise<Operator> {
    const [probes, metrics] = [await freePort(), await freePort()];
    const log = join(options.folder, 'operator.log');
    const output = openSync(log, 'w');
    const args = [
      join(options.folder, 'main.js'),
      // One operator a run, and its account may only have the Lease of an installation.
      '--leader-elect=false',
      `--namespaces=${options.namespaces.join(',')}`,
      `--health-probe-bind-address=127.0.0.1:${probes}`,
      `--metrics-bind-address=127.0.0.1:${metrics}`,
    ];
    const env = { ...process.env, KUBECONFIG: options.kubeconfig, NODE_OPTIONS: '' };
    const operator = new Operator(spawn(process.execPath, args, { env, stdio: ['ignore', output, output] }), log);
    closeSync(output);
    process.once('exit', () => operator.#child.kill('SIGKILL'));
    const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${probes}/readyz`)).ok;
    for (let tries = 0; !(await Promise.race([isReady().catch(() => false), operator.failed])); tries += 1) {
      if (tries > 200) throw new Error(`the operator did not become ready: ${operator.#tail()}`);
      await delay(50);
    }
    return operator;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await this.#exited;
  }

  #tail(): string {
    return readFileSync(this.#log, 'utf8').split('\n').slice(-5).join(' ');
  }
}
