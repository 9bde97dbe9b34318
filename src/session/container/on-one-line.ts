/**
 * The end of a line after which a shell goes on with the same command: nothing but a blank may come between it and the
 * next line.
 */
const GOES_ON = /(?:^|\s)(?:then|else|do|in)$|[&|;({]$/;

/**
 * A script of sh on one line: what ends with its line ends with `;` instead. It has to have one command a line, no
 * comment and no line that goes on by a backslash, and line breaks in single quotes only where the quoted text is a
 * script of the same kind. So it is ours alone that may be given.
 */
export function onOneLine(script: string): string {
  let isQuoted = false;
  const lines = script.split('\n').filter((line) => line !== '');
  return lines
    .map((line, index) => {
      const quotes = line.split("'").length - 1;
      if (quotes % 2 === 1) isQuoted = !isQuoted;
      const opensQuote = isQuoted && line.endsWith("'");
      if (index === lines.length - 1) return line;
      return opensQuote || GOES_ON.test(line) ? `${line} ` : `${line};`;
    })
    .join('');
}
