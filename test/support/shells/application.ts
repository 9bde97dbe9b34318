import { type ChildProcess, spawn } from 'node:child_process';
import { childrenOf, commandLine, descendants, nameOf } from './processes.ts';

/** An application that, like many, never reaps what it did not start: PID 1 of its own process namespace. */
export class Application {
  readonly #unshare: ChildProcess;

  /** @param command what its PID 1 is; it has to be, or become, a `sleep` */
  constructor(command: readonly string[] = ['/usr/bin/sleep', '600']) {
    this.#unshare = spawn('/usr/bin/unshare', ['--pid', '--fork', '--mount-proc', ...command]);
  }

  /** The host's pid of its PID 1. */
  async started(): Promise<number> {
    for (;;) {
      const [pid] = descendants(this.#unshare.pid ?? 0);
      if (pid !== undefined && commandLine(pid).includes('sleep')) return pid;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Command line (empty for a zombie) of every process that it has become the parent of. */
  async adopted(): Promise<string[]> {
    const pid = await this.started();
    return childrenOf(pid).map((child) => commandLine(child) || `zombie ${nameOf(child)}`);
  }

  stop(): void {
    // Everything in a process namespace dies with its PID 1.
    const [pid] = descendants(this.#unshare.pid ?? 0);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }
}
