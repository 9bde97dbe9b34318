import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { DebugPolicy } from '../../src/api/debugpolicy.ts';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { debugSessionSchema, repositoryPath } from '../support/documents/crd.ts';
import { documents, yamlBlocks } from '../support/documents/guide.ts';
import { fieldPaths } from '../support/documents/reference-page.ts';

// docs/guides/backstage.md: the file that a template of Backstage fills in.

const page = (name: string): { source: string }[] =>
  yamlBlocks(readFileSync(repositoryPath(`docs/guides/${name}`), 'utf8'));
const skeleton = page('backstage.md').find(({ source }) => source.includes('# skeleton/'))?.source ?? '';
const template = page('backstage.md').find(({ source }) => source.includes('kind: Template'))?.source ?? '';

/** As Backstage does: `${{ values.x }}` is the text, and with the filter `dump` its JSON. */
function filledIn(values: Readonly<Record<string, string>>): DebugSession {
  const text = skeleton.replaceAll(/\$\{\{ values\.(\w+)( \| dump)? \}\}/g, (_, name: string, dump?: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has no value ${name}`);
    return dump === undefined ? value : JSON.stringify(value);
  });
  const [session] = documents(text) as [DebugSession];
  return session;
}

const VALUES = { name: 'inc-4711', deployment: 'web', container: 'app', reason: 'INC-4711', user: 'dana' };

describe('docs/guides/backstage.md', () => {
  it('a filled in skeleton is a session that the policy gitops allows', () => {
    const session = filledIn(VALUES);
    const [policy] = page('gitops.md').flatMap(({ source }) => documents(source) as DebugPolicy[]);
    expect(policy?.metadata.name).toBe('gitops');
    const namespace = { name: 'shop', isSystem: false };
    expect(evaluate(policy?.spec ?? {}, { spec: session.spec, namespace })).toEqual([]);
    const known = new Set(fieldPaths(debugSessionSchema()));
    expect(Object.keys(session.spec).filter((field) => !known.has(`spec.${field}`))).toEqual([]);
  });

  it.each(['reason', 'user'])('a text in %s adds no field to the session', (name) => {
    const hostile = 'x"\n  image: registry.example/evil\n  cancel: true # ${{ values.user }}';
    const plain = filledIn(VALUES);
    const session = filledIn({ ...VALUES, [name]: hostile });
    expect(Object.keys(session.spec)).toEqual(Object.keys(plain.spec));
    expect(session.spec.image).toBe(plain.spec.image);
    expect([session.spec.justification, session.spec.attachers?.[0]?.name]).toContain(hostile);
  });

  it('the template sets every value of the skeleton, and its form checks every value that is not dumped', () => {
    const used = [...skeleton.matchAll(/values\.(\w+)/g)].map(([, name]) => name);
    const [{ spec }] = documents(template) as [
      {
        spec: {
          parameters: { properties: Record<string, { pattern?: string }> }[];
          steps: { input: { values?: object } }[];
        };
      },
    ];
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(spec.steps[0]?.input.values ?? {}).toSorted());
    const raw = [...skeleton.matchAll(/values\.(\w+) \}\}/g)].map(([, name]) => name ?? '');
    const unchecked = raw.filter((name) => spec.parameters[0]?.properties[name]?.pattern === undefined);
    expect(raw.length).toBeGreaterThan(2);
    expect(unchecked).toEqual([]);
  });
});
