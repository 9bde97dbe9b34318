import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { DebugPolicy } from '../../src/api/debugpolicy.ts';
import { checkPolicies } from '../../src/cli/policy-check.ts';
import { PROFILE_NAMES } from '../../src/api/profiles.ts';
import { BUILT_IN_POLICY } from '../../src/policy/built-in.ts';
import { imageMatches } from '../../src/policy/image-pattern.ts';
import { parseImage } from '../../src/policy/image-reference.ts';
import { debugPolicySchema, debugSessionSchema, repositoryPath } from '../support/documents/crd.ts';
import { documents, yamlBlocks } from '../support/documents/guide.ts';
import { fieldPaths, sections, spans, undescribed } from '../support/documents/reference-page.ts';

const page = readFileSync(repositoryPath('docs/debugpolicy.md'), 'utf8');
const headings = sections(page);
const schema = debugPolicySchema();
const blocks = yamlBlocks(page).map(({ source }) => source);

/** The cells of the rows below a heading, without those of the table's head. */
function rows(heading: string): string[][] {
  const lines = (headings.get(heading) ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

/** What the offline tool says of these blocks. */
function check(...texts: string[]) {
  const schemas = { policy: schema, session: debugSessionSchema() };
  return checkPolicies(
    texts.map((text) => ({ source: 'page', text })),
    { schemas, namespace: 'default' },
  );
}

describe('docs/debugpolicy.md', () => {
  it('docs/debugpolicy.md describes every field of the CRD, and no other field', () => {
    expect(undescribed(headings, schema)).toEqual([]);
    const known = new Set(fieldPaths(schema));
    expect([...headings.keys()].filter((name) => name.startsWith('spec.') && !known.has(name))).toEqual([]);
  });

  it('docs/debugpolicy.md says of every field what its absence means', () => {
    const spec = [...headings].filter(([name]) => name.startsWith('spec.'));
    expect(spec.length).toBeGreaterThan(9);
    expect(spec.filter(([, text]) => !text.includes('Absent:')).map(([name]) => name)).toEqual([]);
  });

  it('docs/debugpolicy.md has a row for every allowance, and leads to the list of profiles', () => {
    const { allow, profiles } = schema.properties?.['spec']?.properties ?? {};
    expect(rows('spec.allow').map(([word = '']) => spans(word)[0])).toEqual(allow?.items?.enum);
    expect(profiles?.items?.enum).toEqual(PROFILE_NAMES);
    expect(headings.get('spec.profiles')).toContain('(debugsession.md#specprofile)');
  });

  it('docs/debugpolicy.md gives right examples of image patterns', () => {
    const table = rows('spec.images');
    expect(table.length).toBeGreaterThan(7);
    for (const [pattern = '', yes = '', no = ''] of table) {
      const matches = (reference: string): boolean => {
        const parsed = parseImage(reference);
        expect([reference, parsed.kind]).toEqual([reference, 'understood']);
        return parsed.kind === 'understood' && imageMatches(spans(pattern)[0] ?? '', parsed.image);
      };
      expect([pattern, spans(yes).filter((reference) => !matches(reference))]).toEqual([pattern, []]);
      expect([pattern, spans(no).filter(matches)]).toEqual([pattern, []]);
      expect(spans(yes + no).length).toBeGreaterThan(1);
    }
  });

  it('docs/debugpolicy.md prints sound policies and sessions, and the built-in policy as it is', () => {
    const policies = blocks
      .flatMap((block) => documents(block) as DebugPolicy[])
      .filter(({ kind }) => kind === 'DebugPolicy');
    expect(policies.map(({ metadata }) => metadata.name)).toEqual([
      'production',
      'apart',
      'default',
      'default',
      'platform',
      'network',
    ]);
    expect(policies.find(({ metadata }) => metadata.name === 'default')?.spec).toEqual(BUILT_IN_POLICY);
    const ours = blocks.filter((block) => /^apiVersion: debugsession\.dev/m.test(block));
    expect(ours.map((block) => check(block).kind)).toEqual(ours.map(() => 'judged'));
  });

  it('docs/debugpolicy.md opens everything by the policy for platform people', () => {
    const platform = blocks.find((block) => block.includes('name: platform')) ?? '';
    const [policy] = documents(platform) as DebugPolicy[];
    expect(policy?.spec.allow).toEqual(schema.properties?.['spec']?.properties?.['allow']?.items?.enum);
  });

  it('docs/debugpolicy.md quotes the offline tool word for word', () => {
    const named = (name: string): string => blocks.find((block) => block.startsWith(`# ${name}`)) ?? '';
    const report = check(named('production.yaml'), named('sessions.yaml'));
    if (report.kind === 'unusable') throw new Error(report.faults.join());
    expect(page).toContain(['sessions.yaml', ...report.lines, `not judged: ${report.notJudged}`, '```'].join('\n'));
    expect(report.refused).toBe(1);
  });
});
