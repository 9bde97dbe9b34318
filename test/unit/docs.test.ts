import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REASONS } from '../../src/api/reason-catalogue.ts';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { BUILT_IN_POLICY } from '../../src/policy/built-in.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { BUILT_IN } from '../../src/session/container/effective.ts';
import { debugSessionSchema, repositoryPath } from '../support/documents/crd.ts';
import { documents, yamlBlocks } from '../support/documents/guide.ts';
import { fieldPaths, sections, spans, undescribed } from '../support/documents/reference-page.ts';

const read = (path: string): string => readFileSync(repositoryPath(path), 'utf8');
const session = read('docs/debugsession.md');
const reference = read('docs/reference.md');

describe('docs/debugsession.md', () => {
  const headings = sections(session);

  it('docs/debugsession.md describes every field of the CRD', () => {
    expect(undescribed(headings, debugSessionSchema())).toEqual([]);
  });

  it('docs/debugsession.md has no heading for a field that is missing in the CRD', () => {
    const known = new Set(fieldPaths(debugSessionSchema()));
    expect([...headings.keys()].filter((name) => /^(spec|status)\./.test(name) && !known.has(name))).toEqual([]);
  });

  it('docs/debugsession.md says of every field of spec its default or that it is required, and when it may change', () => {
    const spec = [...headings].filter(([name]) => name.startsWith('spec.'));
    const change = /Immutable|Frozen\s+until\s+the\s+next\s+attempt|May\s+change\s+at\s+any|while\s+a\s+run\s+lives/;
    expect(spec.filter(([, text]) => !/Default|default|Required/.test(text)).map(([name]) => name)).toEqual([]);
    expect(spec.filter(([, text]) => !change.test(text)).map(([name]) => name)).toEqual([]);
  });

  it.each(Object.entries(BUILT_IN))('docs/debugsession.md names the default of %s', (field, value) => {
    expect(headings.get(`spec.${field}`)).toContain(`default \`${value}\``);
  });

  it('docs/debugsession.md shows every field of spec in one manifest', () => {
    const manifest = yamlBlocks(session).find(({ source }) => source.includes('name: every-field'))?.source ?? '';
    const [shown] = documents(manifest) as [DebugSession];
    const paths = pathsOf({ spec: shown.spec });
    // An admission policy fills in the requester, and a target has a pod or a workload: both stand there as a comment.
    const commented = /^spec\.(requestedBy|target\.workloadRef)\b/;
    const wanted = fieldPaths(debugSessionSchema()).filter((path) => path.startsWith('spec.') && !commented.test(path));
    expect(wanted.filter((path) => !paths.has(path))).toEqual([]);
    expect(manifest).toContain('# requestedBy: {');
    expect(manifest).toContain('workloadRef: {');
  });

  it('docs/debugsession.md has a row for every phase and a heading for every condition type', () => {
    const phases = debugSessionSchema().properties?.['status']?.properties?.['phase']?.enum ?? [];
    const rows = [...(headings.get('status.phase') ?? '').matchAll(/^\| (\w+) \|/gm)].map((match) => match[1]);
    expect(rows).toEqual(['phase', ...phases]);
    const types = /export type ConditionType =([^;]+);/.exec(read('src/api/reasons.ts'))?.[1] ?? '';
    const names = [...types.matchAll(/'(\w+)'/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !headings.has(name))).toEqual([]);
  });

  it('docs/debugsession.md leaves the reasons of the conditions to reference.md', () => {
    const conditions = [...headings].filter(([name]) => /^[A-Z]/.test(name));
    const named = conditions.flatMap(([, text]) => spans(text)).filter((word) => Object.hasOwn(REASONS, word));
    expect(conditions.length).toBeGreaterThan(5);
    expect(named.filter((word) => !headings.has(word))).toEqual([]);
    expect(conditions.map(([, text]) => text).join()).toContain('(reference.md#');
  });
});

describe('docs/reference.md', () => {
  it('docs/reference.md has a row for every event', () => {
    const source = read('src/session/status/events.ts');
    const events = [...source.matchAll(/reason: '(\w+)'/g)].map((match) => match[1] ?? '');
    const listed = reference.slice(reference.indexOf('## Events'));
    expect(new Set(events).size).toBeGreaterThan(6);
    expect([...events, 'Failed', 'Rejected'].filter((event) => !listed.includes(`| \`${event}\` |`))).toEqual([]);
  });
});

describe('docs/guides', () => {
  const guides = readdirSync(repositoryPath('docs/guides')).filter((file) => file !== 'README.md');

  /**
   * What must be in a policy besides, so that it allows what the built-in one does not of the sessions that a guide
   * prints.
   */
  function needsBesides(file: string): string[] {
    const objects = yamlBlocks(read(`docs/guides/${file}`)).flatMap(
      ({ source }) => documents(source) as DebugSession[],
    );
    const sessions = objects.filter(({ kind, spec }) => kind === 'DebugSession' && spec.policyName === undefined);
    const namespace = { name: 'shop', isSystem: false };
    const reasons = sessions.flatMap(({ spec }) => evaluate(BUILT_IN_POLICY, { spec, namespace }));
    return reasons.map((reason) => {
      const refused = /^(image|profile) .* is not allowed/.exec(reason)?.[1];
      return refused === undefined ? (/needs (\w+) in allow/.exec(reason)?.[1] ?? reason) : `${refused}s`;
    });
  }

  it.each(guides)('the index of the guides says what the built-in policy does not allow of %s', (file) => {
    const [row = ''] = read('docs/guides/README.md').split('Permissions that a guide needs').slice(1);
    const needs = row.split('\n').find((line) => line.startsWith(`| [${file}](${file}) |`)) ?? '';
    expect(needsBesides(file).filter((need) => !spans(needs).includes(need))).toEqual([]);
  });

  it('the index of the guides names every guide', () => {
    const index = read('docs/guides/README.md');
    expect(guides.filter((file) => !index.includes(`](${file})`))).toEqual([]);
  });
});

it.each([
  'docs/debugsession.md',
  'docs/debugpolicy.md',
  'docs/reference.md',
  'docs/flags.md',
  'docs/install.md',
  'docs/observability.md',
  'docs/runbooks.md',
  'docs/security.md',
  'SECURITY.md',
  ...readdirSync(repositoryPath('docs/guides')).map((f) => `docs/guides/${f}`),
])('the links of %s lead to existing files and headings', (file) => {
  const targets = [...read(file).matchAll(/\]\(([^):#]*)(?:#([^)]+))?\)/g)];
  const broken = targets.filter(([, path = '', anchor]) => {
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(repositoryPath(target))) return true;
    return anchor !== undefined && !anchors(read(target)).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

/** The paths of all fields of a value, such as spec.env[].name. */
function pathsOf(value: unknown, path = ''): Set<string> {
  const parts = Array.isArray(value)
    ? value.map((item: unknown) => pathsOf(item, `${path}[]`))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).map(([name, part]) => pathsOf(part, path === '' ? name : `${path}.${name}`))
      : [];
  return new Set([path, ...parts.flatMap((found) => [...found])]);
}

/** The anchors that GitHub gives the headings of a text. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
