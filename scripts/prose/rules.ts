import type { Sentence } from './sentences.ts';

// The rules of docs/style.md that a program can tell.

/** A sentence may have so many words. Most have under 20; a list of names may make one longer. */
const MAX_WORDS = 32;

/** Openings that make a reader wait for the subject. A question may begin so. */
const OPENINGS = /^(?:Who|Whoever|What|Whatever|That|Nobody|Whose|Whom|Which)\b/;

/** Words that say nothing here, and what to write. */
const WORDS: readonly [RegExp, string][] = [
  [/\bnobody knows whom?\b/i, 'name what is unknown'],
  [/\b(?:this|that) one\b(?! machine\b)/i, 'repeat the noun'],
  [/\bthe same goes for\b/i, 'say it'],
  [/\b(?:simply|obviously|of course|just)\b/i, 'leave the word out'],
  [/\bin order to\b/i, 'write "to"'],
  [/\bplease\b/i, 'leave the word out'],
];

/** What is wrong with a sentence, in words; empty: nothing. */
export function faultsOf({ text }: Sentence): string[] {
  const faults: string[] = [];
  const words = text.split(' ').filter((word) => /\w/.test(word)).length;
  if (words > MAX_WORDS) faults.push(`has ${words} words: cut it in two (at most ${MAX_WORDS})`);
  if (OPENINGS.test(text) && !text.endsWith('?'))
    faults.push(`begins with "${text.split(' ')[0]}": begin with the actor`);
  for (const [pattern, advice] of WORDS) {
    const found = pattern.exec(text);
    if (found !== null) faults.push(`says "${found[0]}": ${advice}`);
  }
  return faults;
}

/** Columns of a page of docs. */
const MAX_COLUMNS = 100;

/** Lines of a Markdown page that are too wide, by number. Tables, code, headings and lone links cannot be wrapped. */
export function wideLines(source: string): number[] {
  let isCode = false;
  return source.split('\n').flatMap((line, index) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    const isFree =
      isCode ||
      /^\s*`[^`]+`\.?$/.test(line) ||
      /^\s*(?:\||#|```|<|\[[^\]]*\]:|(?:[-*] )?\[[^\]]*\]\([^)]*\)[.,]?$|(?: {4}))/.test(line);
    return line.length > MAX_COLUMNS && !isFree ? [index + 1] : [];
  });
}
