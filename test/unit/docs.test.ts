import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BUILT_IN } from '../../src/session/effective.ts';
import { debugSessionSchema, repositoryPath, walkSchema } from '../support/crd.ts';
import { reasonsInCode } from '../support/reasons-in-code.ts';

const read = (path: string): string => readFileSync(repositoryPath(path), 'utf8');
const session = read('docs/debugsession.md');
const reference = read('docs/reference.md');

/** The text below each heading, up to the next heading of any level; by what the heading has in backticks. */
function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^(#+ .*)$/m);
  const found = new Map<string, string>();
  for (let index = 1; index < parts.length; index += 2) {
    const name = /`(.+)`/.exec(parts[index] ?? '')?.[1];
    if (name !== undefined) found.set(name, parts[index + 1] ?? '');
  }
  return found;
}

/** Paths of all fields of spec and status, such as spec.env[].name. */
function fields(): string[] {
  const paths: string[] = [];
  walkSchema(debugSessionSchema(), (path) => {
    if (/^(spec|status)\./.test(path) && !/(\[\]|\{\})$/.test(path)) paths.push(path);
  });
  return paths;
}

/** The code spans of a text. */
function spans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

describe('docs/debugsession.md', () => {
  const headings = sections(session);

  /** Whether a field has a heading or, if it is part of another, is named below the heading of that one. */
  function isDescribed(path: string): boolean {
    if (headings.has(path)) return true;
    const parent = [...headings.keys()]
      .filter((heading) => path.startsWith(`${heading}.`) || path.startsWith(`${heading}[]`))
      .sort((a, b) => b.length - a.length)[0];
    if (parent === undefined || parent === 'spec.target') return false;
    const rest = path.slice(parent.length).replace(/^(\[\])?\./, '');
    const named = spans(headings.get(parent) ?? '');
    return named.includes(rest) || named.some((name) => name.startsWith(`${rest}.`));
  }

  it('describes every field of the CRD', () => {
    expect(fields().filter((path) => !isDescribed(path))).toEqual([]);
  });

  it('has no heading for a field that is not there', () => {
    const known = new Set(fields());
    expect([...headings.keys()].filter((name) => /^(spec|status)\./.test(name) && !known.has(name))).toEqual([]);
  });

  it('says of every field of spec its default, or that it is required, and when it may change', () => {
    const spec = [...headings].filter(([name]) => name.startsWith('spec.'));
    const change = /Immutable|Frozen until the next\s+attempt|May change at any|while a\s+run lives/;
    expect(spec.filter(([, text]) => !/Default|default|Required/.test(text)).map(([name]) => name)).toEqual([]);
    expect(spec.filter(([, text]) => !change.test(text)).map(([name]) => name)).toEqual([]);
  });

  it.each(Object.entries(BUILT_IN))('names the default of %s', (field, value) => {
    expect(headings.get(`spec.${field}`)).toContain(`default \`${value}\``);
  });

  it('has a row for every phase and a heading for every condition type', () => {
    const phases = debugSessionSchema().properties?.['status']?.properties?.['phase']?.enum ?? [];
    const rows = [...(headings.get('status.phase') ?? '').matchAll(/^\| (\w+) \|/gm)].map((match) => match[1]);
    expect(rows).toEqual(['phase', ...phases]);
    const types = /export type ConditionType =([^;]+);/.exec(read('src/api/reasons.ts'))?.[1] ?? '';
    const names = [...types.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !headings.has(name))).toEqual([]);
  });

  it('names no reason that reference.md does not explain', () => {
    const explained = new Set(spans(reference));
    const named = [...headings]
      .filter(([name]) => /^[A-Z]/.test(name))
      .flatMap(([, text]) => spans(text))
      .filter((word) => /^[A-Z][a-z]+[A-Z]?\w+$/.test(word));
    expect(named.filter((word) => !explained.has(word) && !headings.has(word))).toEqual([]);
  });
});

describe('docs/reference.md', () => {
  /** The words of the first column of its tables. */
  const rows = [...reference.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap((match) => spans(match[1] ?? ''));

  it('explains every reason that the code can write', () => {
    const reasons = reasonsInCode();
    expect(reasons.size).toBeGreaterThan(40);
    expect([...reasons].filter((reason) => !rows.includes(reason))).toEqual([]);
  });

  it('explains none that the code does not have', () => {
    const reasons = reasonsInCode();
    // Words that are a reason and something else as well.
    const both = ['Failed', 'Unknown', 'Ended'];
    expect(rows.filter((row) => !reasons.has(row) && !both.includes(row))).toEqual([]);
  });

  it('has a row for every event', () => {
    const source = read('src/session/story.ts');
    const events = [...source.matchAll(/reason: '(\w+)'/g)].map((match) => match[1] ?? '');
    const listed = reference.slice(reference.indexOf('## Events'));
    expect(new Set(events).size).toBeGreaterThan(6);
    expect([...events, 'Failed', 'Rejected'].filter((event) => !listed.includes(`| \`${event}\` |`))).toEqual([]);
  });
});

describe('docs/guides', () => {
  it('are all in the index', () => {
    const index = read('docs/guides/README.md');
    const files = readdirSync(repositoryPath('docs/guides')).filter((file) => file !== 'README.md');
    expect(files.filter((file) => !index.includes(`](${file})`))).toEqual([]);
  });
});

it.each([
  'docs/debugsession.md',
  'docs/reference.md',
  'docs/flags.md',
  'docs/install.md',
  'docs/observability.md',
  'docs/runbooks.md',
  ...readdirSync(repositoryPath('docs/guides')).map((f) => `docs/guides/${f}`),
])('the links of %s lead somewhere', (file) => {
  const targets = [...read(file).matchAll(/\]\(([^):#]*)(?:#([^)]+))?\)/g)];
  const broken = targets.filter(([, path = '', anchor]) => {
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(repositoryPath(target))) return true;
    return anchor !== undefined && !anchors(read(target)).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

/** The anchors that GitHub gives the headings of a text. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
