import { oneLine, UNPRINTABLE } from '../text/one-line.ts';

/** As wide as the longest, so that the messages stand below each other. */
const LEVEL_WIDTH = 5;
/** What needs no quotes: no space, no quote, no `=`, nothing that a terminal could take for an order. */
const BARE = /^[\p{L}\p{N}_.:/@+,;%~()[\]{}<>*!?#$&|^-]+$/u;

/**
 * A line of the log for people: `TIME LEVEL message key=value ...`, with its newline and no other control character. A
 * value that is not one plain word stands in quotes as JSON has it; lists and objects are JSON.
 * @param line one JSON line of the logger
 */
export function textLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const words = Object.entries(fields).map(([name, value]) => `${text(name)}=${text(value)}`);
  const head = `${String(time)} ${String(level).toUpperCase().padEnd(LEVEL_WIDTH)} ${oneLine(String(msg))}`;
  return `${[head, ...words].join(' ')}\n`;
}

function text(value: unknown): string {
  if (typeof value === 'string' && BARE.test(value)) return value;
  // JSON escapes the control characters of ASCII; the rest that could forge a line is shown by its number.
  return JSON.stringify(value).replace(UNPRINTABLE, escaped);
}

function escaped(characters: string): string {
  return [...characters].map((character) => `\\u{${character.codePointAt(0)?.toString(16)}}`).join('');
}

/**
 * What JSON need not escape, and a terminal could take for an order: C1 controls, marks that turn the reading round,
 * separators of lines.
 */
const UNESCAPED = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A JSON line as safe to look at as {@link textLine}, and the same to who parses it. */
export function plainJson(line: string): string {
  return line.replace(UNESCAPED, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
