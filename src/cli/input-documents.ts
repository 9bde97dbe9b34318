import { Composer, Lexer, LineCounter, Parser, isAlias, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Document, Node, Pair, ParsedNode, ScalarTag, Tags, YAMLMap } from 'yaml';

/** Keys and indices from the top of a document to a field. */
export type FieldPath = readonly (string | number)[];

export interface InputDocument {
  /** Counted from 1, empty documents included. */
  number: number;
  value: unknown;
  /** Line of the field in the file, counted from 1; of what holds it, where the field itself is not written there. */
  lineOf(path: FieldPath): number;
}

export interface InputFault {
  document: number;
  line: number;
  message: string;
}

/** Nesting that no manifest reaches; the libraries below are recursive and would run out of stack. */
const MAX_STACK = 150;
/** As kubectl's own parser (sigs.k8s.io/yaml): an alias may not blow a small file up. */
const MAX_ALIASES = 100;

/**
 * Tags of YAML 1.1 that make something else than JSON out of a value; kubectl reads all of them as plain text or not at
 * all.
 */
const FOREIGN_TAGS = ['timestamp', 'binary', 'omap', 'pairs', 'set'].map((tag) => `tag:yaml.org,2002:${tag}`);

/**
 * The documents of a YAML stream or a JSON file. Read as YAML 1.1, as kubectl does: `tty: yes` is true. Untrusted
 * input: bounded depth and aliases, no duplicate keys, no tags of its own. With any fault there are no documents.
 */
export function readDocuments(text: string): { documents: InputDocument[]; faults: InputFault[] } {
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  const faults: InputFault[] = [];
  const documents: InputDocument[] = [];
  if (parsed.tooDeepAt !== undefined) {
    const line = lines.linePos(parsed.tooDeepAt).line;
    return { documents, faults: [{ document: parsed.documents.length + 1, line, message: 'nested too deep' }] };
  }
  for (const [index, document] of parsed.documents.entries()) {
    const number = index + 1;
    const found = [...syntaxFaults(document, lines), ...keyFaults(document, lines)];
    faults.push(...found.map((fault) => ({ document: number, ...fault })));
    if (found.length > 0) continue;
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null) documents.push({ number, value, lineOf: locator(document, lines) });
    } catch (error) {
      faults.push({ document: number, line: firstLine(document, lines), message: String(error) });
    }
  }
  return faults.length > 0 ? { documents: [], faults } : { documents, faults };
}

function isOfJson(tag: Tags[number]): boolean {
  return typeof tag === 'string' || !FOREIGN_TAGS.includes(tag.tag);
}

/** The library takes `e0`, a fine name, for a number without digits. */
function strictFloat(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || !('format' in tag) || tag.format !== 'EXP' || !('stringify' in tag)) return tag;
  const digits = /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)[eE][-+]?[0-9]+$/;
  return { ...tag, test: digits } as ScalarTag;
}

type Parsed = Document.Parsed;

function parse(text: string, lines: LineCounter): { documents: Parsed[]; tooDeepAt?: number } {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer<ParsedNode>({
    version: '1.1',
    // Ours is linear, the library's compares each key with each other.
    uniqueKeys: false,
    customTags: (tags: Tags) => tags.filter(isOfJson).map(strictFloat),
  });
  const documents: Parsed[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    if (parser.stack.length > MAX_STACK) return { documents, tooDeepAt: parser.offset };
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end());
  return { documents };
}

function syntaxFaults(document: Parsed, lines: LineCounter): Omit<InputFault, 'document'>[] {
  return [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line || 1,
    message,
  }));
}

/** Of a key given twice one value would be lost; a key that is no text could only be guessed at. */
function keyFaults(document: Parsed, lines: LineCounter): Omit<InputFault, 'document'>[] {
  const faults: Omit<InputFault, 'document'>[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const line = lineOfNode(key, lines) ?? 1;
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name === undefined) faults.push({ line, message: 'a key must be plain text' });
        else if (seen.has(name)) faults.push({ line, message: `the key ${JSON.stringify(name)} appears twice` });
        else seen.add(name);
      }
    },
  });
  return faults;
}

function lineOfNode(node: unknown, lines: LineCounter): number | undefined {
  const range = (node as Node | null)?.range;
  return range ? lines.linePos(range[0]).line : undefined;
}

function firstLine(document: Parsed, lines: LineCounter): number {
  return lineOfNode(document.contents, lines) ?? 1;
}

function locator(document: Parsed, lines: LineCounter): InputDocument['lineOf'] {
  // Looked up once a map and not once a field: a file may hold very many fields.
  const indices = new WeakMap<YAMLMap, Map<string, Pair>>();
  const child = (map: YAMLMap, key: string): Pair | undefined => {
    let index = indices.get(map);
    if (index === undefined) {
      index = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      indices.set(map, index);
    }
    return index.get(key);
  };
  return (path) => {
    let node: unknown = document.contents;
    let line = firstLine(document, lines);
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      const pair = isMap(node) ? child(node, String(step)) : undefined;
      const next: unknown = isSeq(node) ? node.items[Number(step)] : pair?.value;
      line = lineOfNode(pair?.key ?? next, lines) ?? line;
      node = next;
    }
    return line;
  };
}
