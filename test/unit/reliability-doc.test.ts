import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { repositoryPath } from '../support/documents/crd.ts';

const text = readFileSync(repositoryPath('docs/reliability.md'), 'utf8');
const makefile = readFileSync(repositoryPath('Makefile'), 'utf8');
const named = [...text.matchAll(/`([a-z-]+(?:\/[a-z.-]+)*)`/g)].map((match) => match[1] ?? '');

describe('docs/reliability.md', () => {
  it('docs/reliability.md names tests and suites that exist', () => {
    const paths = named.map((name) => [`test/${name}.test.ts`, `test/${name}`]);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((all) => !all.some((path) => existsSync(repositoryPath(path))))).toEqual([]);
  });

  it('docs/reliability.md says of every promise what checks it', () => {
    const promised = text.slice(text.indexOf('## Promises'), text.indexOf('## How much ran'));
    const rows = [...promised.matchAll(/^\| (?!promise|-)(.+) \| (.+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(([, , checks = '']) => !/`|simulation/.test(checks)).map(([row]) => row)).toEqual([]);
  });

  it('docs/reliability.md names commands that exist', () => {
    const targets = [...text.matchAll(/`make ([a-z-]+)/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(3);
    expect(targets.filter((target) => !makefile.includes(`\n${target}:`))).toEqual([]);
  });
});
