/** A word of a command line, such that a POSIX shell takes it for one word and runs nothing in it. */
export function quotedWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
