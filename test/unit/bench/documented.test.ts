import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { repositoryPath } from '../../support/crd.ts';

it('docs/performance.md holds a report of a run, word for word', () => {
  const folder = repositoryPath('bench/results');
  const reports = readdirSync(folder).filter((file) => file.endsWith('.md'));
  const text = readFileSync(repositoryPath('docs/performance.md'), 'utf8');
  const shown = reports.filter((file) => text.includes(readFileSync(`${folder}/${file}`, 'utf8').trim()));
  expect(shown).toHaveLength(1);
  expect(text).toContain(`(../bench/results/${shown[0]})`);
});
