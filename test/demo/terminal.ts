import { spawn } from 'node:child_process';
import type { Cluster } from '../cluster/cluster.ts';
import type { Outcome } from '../cluster/run-program.ts';

// What the demo shows: a line of commentary, the command as a person would type it, and what it says.

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

let step = 0;

/** A step of the story. */
export function tell(text: string): void {
  step += 1;
  process.stdout.write(`\n${paint('1;36', `${step}. ${text}`)}\n`);
}

export function note(text: string): void {
  process.stdout.write(`${paint('2', text)}\n`);
}

export function show(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

/** Ends the demo: something did not happen that it is there to show. */
export class StepFailed extends Error {}

/** @throws StepFailed when it is not so */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new StepFailed(what);
}

/** Types a kubectl command, shows what it says, and wants it to succeed (or to fail, where the story is about that). */
export async function kubectl(
  cluster: Cluster,
  line: string,
  options: { input?: string; fails?: boolean } = {},
): Promise<Outcome> {
  process.stdout.write(`${paint('1;32', '$')} ${paint('1', `kubectl ${line}`)}\n`);
  const outcome = await cluster.kubectl(words(line), {
    ...(options.input !== undefined && { input: options.input }),
  });
  show(outcome.stdout + outcome.stderr);
  must((outcome.code !== 0) === (options.fails ?? false), `kubectl ${line} ended with ${outcome.code}`);
  return outcome;
}

/** Words of a command line; single quotes keep blanks. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}

/**
 * One line typed into an attached terminal, and what has to be seen before the next is typed; without it, that the
 * command has ended. Or nothing typed, and only that waited for.
 */
export type Typed = { type: string; until?: RegExp } | { stays: string };

/** How long a terminal may be open, in ms. */
const OPEN_MS = 300_000;

/**
 * Attaches with a real terminal (util-linux' script gives kubectl one) and types, each line when the answer to the one
 * before is there.
 * @returns all that was seen, without the terminal's control sequences
 */
export async function attach(cluster: Cluster, line: string, lines: readonly Typed[]): Promise<string> {
  process.stdout.write(`${paint('1;32', '$')} ${paint('1', line)}\n`);
  const command = line.replace(/^kubectl/, cluster.kubectlPath);
  const env = { ...process.env, ...(cluster.kubeconfig !== undefined && { KUBECONFIG: cluster.kubeconfig }) };
  const child = spawn('script', ['-qec', `stty cols 120 rows 30; ${command}`, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), OPEN_MS);
  let seen = '';
  let wake = (): void => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    wake();
  });
  const answer = async (from: number, until: RegExp): Promise<void> => {
    while (!until.test(plain(seen.slice(from)))) {
      const more = new Promise<'more'>((resolve) => (wake = () => resolve('more')));
      if ((await Promise.race([more, ended])) !== 'more') return;
    }
  };
  // A prompt that was written before we came is not shown again: an empty line asks for one.
  child.stdin.write('\n');
  await answer(0, /[#$] $/);
  for (const line of lines) {
    const from = seen.length;
    if ('type' in line) child.stdin.write(`${line.type}\n`);
    await ('until' in line && line.until !== undefined ? answer(from, line.until) : ended);
  }
  // Ends kubectl, not the session: the container's terminal stays open.
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
  // eslint-disable-next-line no-control-regex -- a line of progress, which the next one has replaced
  const text = plain(seen.replaceAll(/[^\n]*\r\u001b\[K/g, ''));
  show(text.replace(/^\s*\n/gm, ''));
  return text;
}

/** What a terminal showed, without its control sequences. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- control sequences are what is removed
  return text.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, '').replaceAll('\r', '');
}
