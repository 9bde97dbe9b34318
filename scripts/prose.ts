import { globSync, readFileSync } from 'node:fs';
import { ALLOWED } from './prose/allowed.ts';
import { faultsOf, wideLines } from './prose/rules.ts';
import { sentencesIn, wideComments } from './prose/texts.ts';

// `node scripts/prose.ts [FILE...]`: holds what people read to docs/style.md, as far as a program can tell. Without
// files: all of it.

/** Decisions are records of their day: they are held to their width, and to no rule for sentences. */
const RECORDS = 'docs/adr/';

const pages = ['*.md', 'docs/**/*.md', 'src/**/*.md'];
const texts = ['crds/**/*.yaml', 'config/**/*.yaml', 'src/**/*.ts'];
const code = ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'];

const given = process.argv.slice(2);
const files = (patterns: readonly string[]): string[] =>
  globSync(patterns)
    .filter((file) => given.length === 0 || given.some((name) => file.startsWith(name)))
    .toSorted();

const faults: string[] = [];
for (const file of files([...pages, ...texts])) {
  if (file.startsWith(RECORDS)) continue;
  for (const sentence of sentencesIn(file)) {
    if (ALLOWED.has(sentence.text)) continue;
    const start = sentence.text.slice(0, 70);
    faults.push(...faultsOf(sentence).map((fault) => `${file}:${sentence.line}: "${start}" ${fault}`));
  }
}
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
