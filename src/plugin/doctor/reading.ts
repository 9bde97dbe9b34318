import { oneLine } from '../../text/one-line.ts';
import type { Answer } from '../kubectl.ts';

/** What the API server answered when the person asked for something. */
export type Reading<T> =
  | { kind: 'read'; value: T }
  | { kind: 'absent' }
  | { kind: 'forbidden' }
  /** Another failure, in the words of kubectl: each is one printable line. */
  | { kind: 'failed'; lines: readonly string[] };

/** @param parse makes the value of standard output */
export function readingOf<T>(answer: Answer, parse: (stdout: string) => T): Reading<T> {
  if (answer.kind === 'done') return { kind: 'read', value: parse(answer.stdout) };
  const { kind, lines } = answer.refusal;
  if (kind === 'Forbidden') return { kind: 'forbidden' };
  if (kind === 'NotFound' || kind === 'NotInstalled') return { kind: 'absent' };
  return { kind: 'failed', lines };
}

/** Why there is nothing to judge. @param what the person wanted to read, such as `leases` */
export function unreadWords(
  reading: { kind: 'forbidden' } | { kind: 'failed'; lines: readonly string[] },
  what: string,
): string {
  return reading.kind === 'forbidden'
    ? `you may not read ${what}`
    : `cannot read ${what}: ${oneLine(reading.lines.join('; '), 300)}`;
}
