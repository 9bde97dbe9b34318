/** A command that a guide shows, as its reader types it, with what it prints. */
export interface Step {
  /** The heading that it stands under. */
  section: string;
  command: string;
  /**
   * What the guide says that it prints, line by line; what is typed into a terminal that it opens stands among them,
   * behind a prompt.
   */
  shown: string[];
}

/**
 * The commands of a guide's `console` blocks, in order: each begins behind `$ `, and goes on in the next line where a
 * line ends with a backslash.
 */
export function transcript(markdown: string): Step[] {
  // Blocks first: a comment in one looks like a heading.
  const parts = markdown.matchAll(/^```(\w*)\n([^]*?)^```$|^#+ (.*)$/gm);
  let section = '';
  const steps: Step[] = [];
  for (const [, language, block = '', heading] of parts) {
    if (heading !== undefined) section = heading;
    if (language === 'console') steps.push(...commandsOf(block).map((command) => ({ section, ...command })));
  }
  return steps;
}

function commandsOf(block: string): Omit<Step, 'section'>[] {
  const commands = block
    .replaceAll(/\\\n\s*/g, '')
    .split(/^\$ /m)
    .slice(1);
  return commands.map((text) => {
    const [command = '', ...shown] = text.trimEnd().split('\n');
    return { command, shown };
  });
}

/** What kubectl logs of itself (klog), such as the end of a watch that it has just closed: it comes now and then. */
const LOGGED = /^[IWE]\d{4} \d\d:\d\d:\d\d\./;

/** Lines without what differs from one run to the next: names of debug containers, times, ages, widths of columns. */
export function comparable(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !LOGGED.test(line))
    .map((line) =>
      line
        .replaceAll(/\bdebug-[0-9a-f]{8}\b/g, 'debug-########')
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
        .replaceAll(/ \d+s(?= |$)/g, ' AGE')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** Whether this was printed, where a guide shows `...` for lines that it leaves out. */
export function isShown(printed: readonly string[], shown: readonly string[]): boolean {
  const lines = shown.map((line) => (line === '...' ? '(?:.*\\n)*' : `${literally(line)}\\n`));
  return new RegExp(`^${lines.join('')}$`).test(printed.map((line) => `${line}\n`).join(''));
}

export function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What is typed behind the prompts of a terminal, each with what follows it. */
export function typedLines(shown: readonly string[]): { typed: string; answers: string[] }[] {
  const found: { typed: string; answers: string[] }[] = [];
  for (const line of shown) {
    const prompt = /^(?:\/\S* # |~ \$ )(.*)$/.exec(line);
    if (prompt !== null) found.push({ typed: prompt[1] ?? '', answers: [] });
    else found.at(-1)?.answers.push(line);
  }
  return found;
}
