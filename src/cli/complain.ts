/** Writes lines to standard error, each after what it is: `error`, `note`. */
export function complain(kind: string, lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${kind}: ${line}\n`).join(''));
}

/** The same for a command line that cannot be understood. */
export function complainOfUsage(faults: readonly string[]): void {
  complain('error', faults);
  process.stderr.write('Try --help.\n');
}
