import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { longEnough } from '../patience.ts';
import type { Stage } from './stage.ts';

const CTRL_P_CTRL_Q = '\u0010\u0011';

/**
 * A person at a terminal who typed the attach command of a session. The terminal is a real one (util-linux' `script`),
 * kubectl is kubectl.
 */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #wake: (() => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, 'close').finally(() => this.#tell());
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#tell();
    });
  }

  /**
   * Types `status.attachCommand` of the session.
   * @param user whom kubectl is to act for; the administrator without it
   */
  static async attach(stage: Stage, session: DebugSession, user?: string): Promise<Terminal> {
    const { kubeconfig, kubectlPath } = stage.cluster;
    const command = session.status?.attachCommand ?? 'false';
    const typed = user === undefined ? command : command.replace(/^kubectl/, `kubectl --as=${user}`);
    const path = kubectlPath.includes('/') ? `${dirname(kubectlPath)}${delimiter}` : '';
    const env = { ...process.env, PATH: `${path}${process.env['PATH'] ?? ''}`, NO_PROXY: '*', no_proxy: '*' };
    return Terminal.open(typed, { ...env, ...(kubeconfig && { KUBECONFIG: kubeconfig }) });
  }

  /** Types a command that attaches. */
  static async open(command: string, env: NodeJS.ProcessEnv): Promise<Terminal> {
    const terminal = Terminal.start(command, env);
    await terminal.sees(/see a command prompt/);
    return terminal;
  }

  /** Types a command, whatever it does. */
  static start(command: string, env: NodeJS.ProcessEnv): Terminal {
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Terminal(child);
  }

  /** Keys without Enter, such as Ctrl-C, and waits for what follows them. */
  async press(keys: string, output: RegExp): Promise<string> {
    const from = this.#output.length;
    this.#child.stdin?.write(keys);
    return this.sees(output, from);
  }

  /** One line and Enter. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\r`);
  }

  /** Types a line and waits for what its output has to match; the echo of the line itself does not count. */
  async run(line: string, output: RegExp): Promise<string> {
    const from = this.#output.length;
    this.type(line);
    return this.sees(output, from + line.length);
  }

  /**
   * Resolves with all output from `from` on, once it matches.
   * @throws Error with the output when the terminal is closed or nothing of it comes in time
   */
  async sees(pattern: RegExp, from = 0): Promise<string> {
    const end = AbortSignal.timeout(longEnough());
    end.addEventListener('abort', () => this.#tell());
    while (!pattern.test(this.#output.slice(from))) {
      if (end.aborted || this.#child.exitCode !== null)
        throw new Error(`the terminal does not show ${pattern}: ${this.#output}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.#output.slice(from);
  }

  /** Gives the terminal another size, as a window that is dragged. @throws Error with the words of stty */
  resize(columns: number, rows: number): void {
    const { pid } = this.#child;
    const [inside] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    const size = ['cols', String(columns), 'rows', String(rows)];
    const { status, stderr } = spawnSync('stty', ['-F', readlinkSync(`/proc/${inside}/fd/0`), ...size]);
    if (status !== 0) throw new Error(`stty: ${String(stderr)}`);
  }

  /** Leaves without ending anything: the detach keys of kubectl. */
  async detach(): Promise<void> {
    this.#child.stdin?.write(CTRL_P_CTRL_Q);
    await this.#closed;
  }

  /** Resolves with everything that was shown, once kubectl has ended. */
  async ended(): Promise<string> {
    await this.#closed;
    return this.#output;
  }

  /** Resolves with the exit code of the command, once it has ended. */
  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
