import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { repositoryPath } from '../support/documents/crd.ts';

const text = readFileSync(repositoryPath('docs/security.md'), 'utf8');
const named = new Set([...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map((match) => match[1] ?? ''));

describe('docs/security.md', () => {
  it('docs/security.md names tests that exist', () => {
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((file) => !existsSync(repositoryPath(file)))).toEqual([]);
  });

  it('docs/security.md says of every file of attacks what it shows', () => {
    const attacks = readdirSync(repositoryPath('test/security')).filter((file) => file.endsWith('.test.ts'));
    expect(attacks.map((file) => `test/security/${file}`).filter((file) => !named.has(file))).toEqual([]);
  });

  it('docs/security.md claims nothing without a test', () => {
    const rows = [...text.matchAll(/^\| (?!cannot|-)(.+) \| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter(([, , shown = '']) => !shown.includes('.test.ts`')).map(([row]) => row)).toEqual([]);
  });
});
