import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { type Sentence, sentencesOf, sentencesOfMarkdown } from './sentences.ts';

/**
 * The sentences of a file that people read: a page, the descriptions of a resource, or the messages of a source file.
 */
export function sentencesIn(file: string): Sentence[] {
  const source = readFileSync(file, 'utf8');
  if (file.endsWith('.md')) return sentencesOfMarkdown(source);
  return file.endsWith('.yaml') ? ofResource(source) : messagesOf(file, source);
}

/** What `kubectl explain` and a refusal show. */
function ofResource(source: string): Sentence[] {
  const lines = new LineCounter();
  const found: Sentence[] = [];
  for (const document of parseAllDocuments(source, { lineCounter: lines })) {
    visit(document, {
      Pair(_, { key, value }) {
        if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') return;
        if (key.value !== 'description' && key.value !== 'message') return;
        found.push(...sentencesOf(value.value, lines.linePos(value.range?.[0] ?? 0).line));
      },
    });
  }
  return found;
}

/** A text of fewer words is a name, a path or a part of one. */
const FEWEST_WORDS = 4;

/** The texts in a source file that look like sentences. What is put into a template stands as a word. */
function messagesOf(file: string, source: string): Sentence[] {
  const found: Sentence[] = [];
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const take = (node: ts.Node, text: string): void => {
    if (text.includes('\n') || text.split(' ').filter((word) => /^[a-z',.:;]+$/i.test(word)).length < FEWEST_WORDS)
      return;
    found.push(...sentencesOf(text, tree.getLineAndCharacterOfPosition(node.getStart()).line + 1));
  };
  const walk = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node)) take(node, node.text);
    if (ts.isTemplateExpression(node))
      take(node, [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x'));
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return found;
}

/** Comments of a source file that are wider than a page of code. */
export function wideComments(source: string, columns: number): number[] {
  return source
    .split('\n')
    .flatMap((line, index) => (/^\s*(?:\/\/|\*|\/\*)/.test(line) && line.length > columns ? [index + 1] : []));
}
