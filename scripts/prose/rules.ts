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

/**
 * First words that leave the subject of a title to its `describe`: forms of verbs, prepositions, conjunctions, pronouns
 * and adverbs. A verb in the third person is told by its -s.
 */
const NO_SUBJECT = new Set(
  [
    'is are was were has have had do does did can cannot could may might must should will would',
    'ask become begin carry come count fit get give go include keep know leave let need say show take tell wait',
    'about above after against at before behind below beside between by during for from in into of off on over',
    'through to under until up with within without',
    'although and as because but if nor not once or since so than that then though when where whether while',
    'he his it its she that their they these this those we what which who whoever whom whose you your',
    'again also anew back down elsewhere ever however never still',
  ].flatMap((words) => words.split(' ')),
);

/** Nouns in the plural with which titles begin: the rest of the words in -s are verbs in the third person. */
const PLURALS = new Set(
  'applications capabilities connections containers credentials events namespaces pods sessions thousands words'.split(
    ' ',
  ),
);

/** What is wrong with the title of a test, in words: it names its subject without its `describe`. */
export function titleFaults(title: Sentence): string[] {
  const [first = '', second = ''] = title.text.split(/[\s,:;]+/);
  // "one pod" is a subject, and "one that ended" is a pronoun.
  const word = first === 'one' || first === 'only' ? second : first;
  const isVerb = /^[a-z]+[^us\W]s$/.test(word) && !PLURALS.has(word);
  return [
    ...(isVerb || NO_SUBJECT.has(word.toLowerCase())
      ? [`begins with "${first}": begin with the subject, which its describe does not replace`]
      : []),
    ...faultsOf(title),
  ];
}

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
