import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A controller of Flux as a process of the machine, which looks after one namespace. */
export class ControllerProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<unknown>;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    this.#exited = once(child, 'close');
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#lines.push(line));
  }

  static start(
    program: string,
    { kubeconfig, namespace, args }: { kubeconfig: string; namespace: string; args: readonly string[] },
  ): ControllerProcess {
    const nothingShared = ['--metrics-addr=0', '--health-addr=0', '--watch-all-namespaces=false'];
    const child = spawn(program, [...nothingShared, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: namespace, NO_PROXY: '*', no_proxy: '*' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    return new ControllerProcess(program.split('/').at(-1) ?? program, child);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }

  /** Its last lines, for a person who looks for what went wrong. */
  tail(count = 6): string {
    return `${this.#name}:\n${this.#lines.slice(-count).join('\n')}`;
  }
}
