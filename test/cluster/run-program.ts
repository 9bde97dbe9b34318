import { spawn } from 'node:child_process';

export interface Outcome {
  /** Exit status; 128 + n when signal n ended it, 124 when it took longer than `timeoutMs`. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer | undefined;
  /** Milliseconds; default 600,000. The program is killed then. */
  readonly timeoutMs?: number | undefined;
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end and collects what it said. Never throws for a program that failed: that is an outcome.
 * @throws Error when the program could not be started at all.
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 600_000);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${program} cannot be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const status = late ? 124 : (code ?? 128 + signalNumber(signal));
      resolve({ code: status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
    // A program that ends without reading its input must not end us with EPIPE.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

/** Runs a program that has to succeed. @throws Error with its last words otherwise. */
export async function mustRun(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.code === 0) return outcome.stdout;
  const said = (outcome.stderr || outcome.stdout).trim().split('\n').slice(-10).join('\n');
  throw new Error(`${argv.join(' ')} ended with ${outcome.code}: ${said}`);
}

const signalNumbers: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (signalNumbers[signal] ?? 0);
}
