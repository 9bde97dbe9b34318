import { globSync, readFileSync } from 'node:fs';
import { ALLOWED } from './prose/allowed.ts';
import { faultsOf, titleFaults, wideLines } from './prose/rules.ts';
import type { Sentence } from './prose/sentences.ts';
import { sentencesIn, wideComments } from './prose/texts.ts';
import { titlesOf } from './prose/titles.ts';

// `node scripts/prose.ts [FILE...]`: holds what people read to docs/style.md, as far as a program can tell. Without
// files: all of it.

/** Decisions are records of their day: they are held to their width, and to no rule for sentences. */
const RECORDS = 'docs/adr/';

const pages = ['*.md', 'docs/**/*.md', 'site/*.md', 'src/**/*.md'];
const texts = ['crds/**/*.yaml', 'config/**/*.yaml', 'src/**/*.ts'];
const code = ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'];
const tests = ['test/**/*.test.ts'];

const given = process.argv.slice(2);
const files = (patterns: readonly string[]): string[] =>
  // What `make mutate` installs lies below test/.
  globSync(patterns, { exclude: ['**/node_modules/**'] })
    .filter((file) => given.length === 0 || given.some((name) => file.startsWith(name)))
    .toSorted();

const faults: string[] = [];
const judge = (file: string, sentence: Sentence, wrong: (sentence: Sentence) => string[]): void => {
  if (ALLOWED.has(sentence.text)) return;
  const start = sentence.text.slice(0, 70);
  faults.push(...wrong(sentence).map((fault) => `${file}:${sentence.line}: "${start}" ${fault}`));
};
for (const file of files([...pages, ...texts])) {
  if (file.startsWith(RECORDS)) continue;
  for (const sentence of sentencesIn(file)) judge(file, sentence, faultsOf);
}
for (const file of files(tests))
  for (const title of titlesOf(readFileSync(file, 'utf8'))) judge(file, title, titleFaults);
for (const file of files(pages))
  faults.push(...wideLines(readFileSync(file, 'utf8')).map((line) => `${file}:${line}: is wider than 100 columns`));
for (const file of files(code))
  faults.push(
    ...wideComments(readFileSync(file, 'utf8'), 120).map(
      (line) => `${file}:${line}: a comment is wider than 120 columns`,
    ),
  );

for (const fault of faults) process.stdout.write(`${fault}\n`);
if (faults.length > 0) process.stdout.write(`${faults.length} faults; docs/style.md has the rules\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
