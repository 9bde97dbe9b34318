import { createInterface } from 'node:readline/promises';
import type { Desk } from './desk.ts';

/** Asks a question on the terminal. @returns whether the answer is yes; Enter and Ctrl-C are not. */
export async function askFirst({ stdin, stderr }: Desk, question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr });
  const interrupted = new Promise<string>((resolve) =>
    lines.once('SIGINT', () => resolve('')).once('close', () => resolve('')),
  );
  try {
    return /^\s*y(es)?\s*$/i.test(await Promise.race([lines.question(`${question} [y/N] `), interrupted]));
  } finally {
    lines.close();
  }
}

/**
 * Asks a question on the terminal. @returns whether the answer is yes; Enter and Ctrl-C are. Other words, such as a
 * command that was typed ahead, are not.
 */
export async function askYes({ stdin, stderr }: Desk, question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr });
  const interrupted = new Promise<string>((resolve) =>
    lines.once('SIGINT', () => resolve('y')).once('close', () => resolve('y')),
  );
  try {
    return /^\s*(y(es)?)?\s*$/i.test(await Promise.race([lines.question(`${question} [Y/n] `), interrupted]));
  } finally {
    lines.close();
  }
}
