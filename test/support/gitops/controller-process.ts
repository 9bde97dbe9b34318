import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';

/** A controller of Flux or of Argo CD as a process of the machine. */
export class ControllerProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #said = new EventEmitter();
  readonly #exited: Promise<unknown>;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    this.#exited = once(child, 'close');
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#hear(line));
    void this.#exited.then(() => this.#said.emit('line'));
  }

  /** `env`: in addition to that of this process. */
  static start(
    name: string,
    { program, args, env }: { program: string; args: readonly string[]; env: Readonly<Record<string, string>> },
  ): ControllerProcess {
    const child = spawn(program, args, {
      env: { ...process.env, ...env, NO_PROXY: '*', no_proxy: '*' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    return new ControllerProcess(name, child);
  }

  /** Waits until a line has these words. @throws Error with its last lines, if it ends without */
  async untilSaid(words: string): Promise<void> {
    while (!this.#lines.some((line) => line.includes(words))) {
      if (this.#child.exitCode !== null) throw new Error(`it ended and never said ${words}; ${this.tail()}`);
      await once(this.#said, 'line');
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }

  /** Its last lines, for a person who looks for what went wrong. */
  tail(count = 6): string {
    return `${this.#name}:\n${this.#lines.slice(-count).join('\n')}`;
  }

  #hear(line: string): void {
    this.#lines.push(line);
    this.#said.emit('line');
  }
}
