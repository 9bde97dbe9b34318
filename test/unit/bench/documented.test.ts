import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { repositoryPath } from '../../support/documents/crd.ts';

it('docs/performance.md holds the reports of all runs on record, word for word', () => {
  const folder = repositoryPath('bench/results');
  const reports = readdirSync(folder).filter((file) => file.endsWith('.md') && !file.includes('-part.'));
  const text = readFileSync(repositoryPath('docs/performance.md'), 'utf8');
  expect(reports.length).toBeGreaterThan(0);
  for (const report of reports) {
    expect(text).toContain(readFileSync(`${folder}/${report}`, 'utf8').trim());
    expect(text).toContain(`(../bench/results/${report})`);
  }
});
