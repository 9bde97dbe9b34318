/**
 * Words in lines of at most `width` characters, of which all but the first begin with `indent`. A word that is longer
 * has a line of its own, which is then wider: to cut it would change it.
 */
export function wrap(
  text: string,
  { width, indent, first }: { width: number; indent: string; first: string },
): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}
