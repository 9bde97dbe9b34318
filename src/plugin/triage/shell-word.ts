import { oneLine } from '../../text/one-line.ts';
import { quotedWord } from '../../text/quoted-word.ts';

/** A word of a command to copy: on one printable line, and one word for a shell. */
export function shellWord(text: string): string {
  return quotedWord(oneLine(text));
}
