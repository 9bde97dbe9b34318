/**
 * Why a verb cannot do what it was asked for. `lines` is for people: each is one printable line, with what to do about
 * it.
 */
export class Fault extends Error {
  readonly lines: readonly string[];
  /** 1: refused or failed. 2: the command line cannot be used. */
  readonly exitCode: number;

  constructor(lines: string | readonly string[], exitCode = 1) {
    const all = typeof lines === 'string' ? [lines] : lines;
    super(all.join('; '));
    this.lines = all;
    this.exitCode = exitCode;
  }
}

/** The command line cannot be used. */
export class UsageFault extends Fault {
  constructor(lines: string | readonly string[]) {
    super(lines, 2);
  }
}
