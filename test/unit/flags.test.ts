import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { FLAGS } from '../../src/config/flags.ts';
import { repositoryPath } from '../support/documents/crd.ts';

it('docs/flags.md has a row for every flag, in the order of --help, with its default', () => {
  const text = readFileSync(repositoryPath('docs/flags.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `--([a-z-]+)` \| (?:`([^`]*)` )?\|/gm)];
  expect(rows.map(([, name, preset = '']) => [name, preset])).toEqual(
    Object.values(FLAGS).map((flag) => [flag.name, flag.default]),
  );
});

it.each(['Makefile', 'config/manager/deployment.yaml', 'config/namespaced/kustomization.yaml'])(
  'the file %s uses only flags that exist',
  (file) => {
    const used = [
      ...readFileSync(repositoryPath(file), 'utf8').matchAll(/--((?:metrics|leader|health|log|namespaces)[a-z-]*)/g),
    ];
    const known: string[] = Object.values(FLAGS).map(({ name }) => name);
    expect(used.length).toBeGreaterThan(0);
    expect(used.map(([, name = '']) => name).filter((name) => !known.includes(name))).toEqual([]);
  },
);
