/**
 * One reader of foreign text, and what holds of it whatever the text is. A target throws when something does not hold:
 * `make fuzz` then keeps the input. It must be quick, since it runs millions of times.
 */
export interface FuzzTarget {
  /** Of the file and of the command line: `make fuzz TARGETS=image`. */
  name: string;
  /** What is read, and from whom it comes. */
  about: string;
  /** Inputs of the shape that is read, from which others are made. */
  seeds: readonly (string | Uint8Array)[];
  run(input: Buffer): void;
}

/** Words of a broken rule. Like an assertion, without the cost of one when it holds. */
export function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}

const NOT_PLAIN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A message goes into a log, an event or a terminal: one line, and no character that could forge another. */
export function mustBeOneLine(text: string, of: string): void {
  must(!NOT_PLAIN.test(text), `${of} is not one printable line: ${JSON.stringify(text)}`);
}

export function mustEqual(one: unknown, other: unknown, rule: string): void {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  must(left === right, `${rule}: ${left} and ${right}`);
}
