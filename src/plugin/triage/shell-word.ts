import { oneLine } from '../../text/one-line.ts';

/** A word of a command to copy, such that a shell takes it for one word and runs nothing in it. */
export function shellWord(text: string): string {
  const line = oneLine(text);
  return /^[\w@%+=:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
