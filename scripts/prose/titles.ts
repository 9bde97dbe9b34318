import ts from 'typescript';
import type { Sentence } from './sentences.ts';

/** A title that takes its first word from the row of a table: `%s` or `$what`. */
const FROM_ROW = /^(?:%[sj]|\$(\w+))/;

/**
 * The titles of the tests in a source file, as CI prints them without their `describe`: of `it`, `it.each` and what a
 * file makes of these. A value that only the run knows stands as `x`; where a title begins with a text of its table,
 * there is one title for each row that is written in the file.
 */
export function titlesOf(source: string): Sentence[] {
  const tree = ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest, true);
  const constants = constantsOf(tree);
  const found: Sentence[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const title = isTest(node.expression, constants) ? textOf(node.arguments[0]) : undefined;
      const line = tree.getLineAndCharacterOfPosition(node.arguments[0]?.getStart() ?? 0).line + 1;
      const titles = title === undefined ? [] : written(title, tableOf(node.expression, constants));
      found.push(...titles.map((text) => ({ text, line })));
    }
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return found;
}

type Constants = ReadonlyMap<string, ts.Expression>;

function constantsOf(tree: ts.SourceFile): Constants {
  const found = new Map<string, ts.Expression>();
  const walk = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined)
      found.set(node.name.text, node.initializer);
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return found;
}

/** Whether a call of this declares a test: `it`, `it.only`, `it.each(table)`, `eachShell` made of one of these. */
function isTest(callee: ts.Expression, constants: Constants): boolean {
  if (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) return isTest(callee.expression, constants);
  if (!ts.isIdentifier(callee)) return false;
  if (callee.text === 'it' || callee.text === 'test') return true;
  const made = constants.get(callee.text);
  return made !== undefined && /(?:^|\? |: )it\.\w+/.test(made.getText());
}

/** The table of `it.each(table)(title, test)`. */
function tableOf(callee: ts.Expression, constants: Constants): ts.Expression | undefined {
  let table = ts.isCallExpression(callee) ? callee.arguments[0] : undefined;
  while (table !== undefined && !ts.isArrayLiteralExpression(table)) {
    if (ts.isIdentifier(table)) table = constants.get(table.text);
    else if (ts.isAsExpression(table) || ts.isSatisfiesExpression(table)) table = table.expression;
    else return undefined;
  }
  return table;
}

/** The title, or one for each row whose first text is written in the table. */
function written(title: string, table: ts.Expression | undefined): string[] {
  const [placeholder, name] = FROM_ROW.exec(title) ?? [];
  if (placeholder === undefined || table === undefined || !ts.isArrayLiteralExpression(table)) return [title];
  const firsts = table.elements.flatMap((row) => textOf(firstOf(row, name)) ?? []);
  return firsts.map((first) => first + title.slice(placeholder.length));
}

function firstOf(row: ts.Expression, name: string | undefined): ts.Expression | undefined {
  if (ts.isArrayLiteralExpression(row)) return row.elements[0];
  if (!ts.isObjectLiteralExpression(row)) return row;
  const named = row.properties.filter(ts.isPropertyAssignment).find((property) => property.name.getText() === name);
  return named?.initializer;
}

function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x');
}
