import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { UNPRINTABLE } from '../../../src/text/one-line.ts';
import { longEnough } from '../../support/patience.ts';

/** One line of the operator's log, parsed. */
export type LogLine = Record<string, unknown> & { msg?: string; level?: string };

/** The built operator as a child process, as a person would start it: `KUBECONFIG=... node dist/main.js`. */
export class OperatorProcess {
  readonly lines: LogLine[] = [];
  /** Lines that were not JSON, or would do something to a terminal: there must be none. */
  readonly garbage: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'close').then(([code]) => code as number | null);
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#read(line));
    if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => this.garbage.push(line));
  }

  /**
   * Starts it, without waiting for anything. Its KUBECONFIG is the file; what is in `args` comes last, and so counts.
   * @param nodeOptions of Node, such as the bounds of its memory
   * @param program the built operator: that of this tree unless it is said otherwise
   */
  static launch(
    kubeconfig: string,
    args: readonly string[] = [],
    nodeOptions = '',
    program = 'dist/main.js',
  ): OperatorProcess {
    // Many run at once in one cluster, each for its own namespace: they do not elect one among them unless a test says
    // so.
    const nothingShared = ['--leader-elect=false', '--metrics-bind-address=0', '--health-probe-bind-address=0'];
    const child = spawn(process.execPath, [program, ...nothingShared, '--log-level=debug', ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig, NODE_OPTIONS: nodeOptions },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Whatever becomes of the test, its operator does not outlive it.
    process.once('exit', () => child.kill('SIGKILL'));
    return new OperatorProcess(child);
  }

  /**
   * Starts it and waits until it says that its caches are filled.
   * @throws Error with its last lines when it ends before that.
   */
  static async start(
    kubeconfig: string,
    args: readonly string[] = [],
    nodeOptions = '',
    program?: string,
  ): Promise<OperatorProcess> {
    const operator = OperatorProcess.launch(kubeconfig, args, nodeOptions, program);
    try {
      await operator.until((line) => line.msg === 'ready');
    } catch (error) {
      await operator.kill();
      throw error;
    }
    return operator;
  }

  /** Its exit code, once it has ended and all it said was read; null when a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#exited;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * The first line, logged already or to come, that matches.
   * @throws Error when the process ends first, or does not say so in a long time.
   */
  async until(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const over = new AbortController();
    const bound = longEnough();
    const late = delay(bound, 'late' as const, { signal: over.signal, ref: false }).catch(() => 'over' as const);
    try {
      for (;;) {
        const found = this.lines.find(matches);
        if (found !== undefined) return found;
        const what = await Promise.race([this.#exited.then(() => 'ended' as const), this.#nextLine(), late]);
        if (what === 'ended' && !this.lines.some(matches)) throw new Error(`the operator ended: ${this.tail()}`);
        if (what === 'late') throw new Error(`the operator did not say so within ${bound} ms: ${this.tail()}`);
      }
    } finally {
      over.abort();
    }
  }

  /** Ends it with SIGTERM; its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  tail(count = 15): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.garbage].slice(-count).join('\n');
  }

  #waiting: (() => void)[] = [];

  #nextLine(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #read(line: string): void {
    if (line.search(UNPRINTABLE) >= 0) this.garbage.push(line);
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.garbage.push(line);
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
