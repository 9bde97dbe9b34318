import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProbeResult, ProbeRun, ProbeTask } from './probe.ts';

/** The probe as a child process. */
export class ProbeProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #answers: AsyncIterator<string>;

  constructor(task: ProbeTask) {
    const probe = fileURLToPath(new URL('probe.ts', import.meta.url));
    const child = spawn(process.execPath, [probe], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#exited = once(child, 'exit');
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    process.once('exit', () => child.kill('SIGKILL'));
    // When it ends early, that is told by the answer that does not come.
    child.stdin.on('error', () => undefined);
    this.#send(task);
  }

  /** @throws Error when it ends before it has answered; why is in its own words on standard error */
  async run(run: ProbeRun): Promise<ProbeResult> {
    this.#send(run);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the probe ended early: its own words are above');
    return JSON.parse(answer.value) as ProbeResult;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(words: object): void {
    this.#child.stdin?.write(`${JSON.stringify(words)}\n`);
  }
}
