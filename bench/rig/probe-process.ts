import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProbeOrder, ProbeTask } from './probe.ts';

/** The probe as a child process. */
export class ProbeProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #stopping = false;
  /** Rejects when it ends by itself; why is in its own words on standard error. Pending otherwise. */
  readonly failed: Promise<never>;

  constructor(task: ProbeTask) {
    const probe = fileURLToPath(new URL('probe.ts', import.meta.url));
    const child = spawn(process.execPath, [probe], { stdio: ['pipe', 'inherit', 'inherit'] });
    this.#child = child;
    this.#exited = once(child, 'exit');
    this.failed = this.#exited.then(() => {
      if (this.#stopping) return new Promise<never>(() => undefined);
      throw new Error('the probe ended early: its own words are above');
    });
    this.failed.catch(() => undefined);
    process.once('exit', () => child.kill('SIGKILL'));
    // When it ends early, that is told by `failed`.
    child.stdin.on('error', () => undefined);
    this.#send(task);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Tells it of a session that was made. */
  serve(order: ProbeOrder): void {
    this.#send(order);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(words: object): void {
    this.#child.stdin?.write(`${JSON.stringify(words)}\n`);
  }
}
