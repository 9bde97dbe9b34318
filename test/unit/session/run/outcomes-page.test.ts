import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { repositoryPath } from '../../../support/documents/crd.ts';
import { OUTCOMES, outcomeRows } from '../../../support/outcomes/outcome-table.ts';

it('docs/ending.md prints the table of outcomes', () => {
  const page = readFileSync(repositoryPath('docs/ending.md'), 'utf8');
  const printed = /<!-- outcomes -->\n([\s\S]*)\n<!-- \/outcomes -->/.exec(page)?.[1];
  expect(printed?.trim().split('\n')).toEqual(outcomeRows());
});

it('has thirty rows at least, and each is made to happen or says where it is shown', () => {
  expect(OUTCOMES.length).toBeGreaterThanOrEqual(30);
  for (const { made, elsewhere } of OUTCOMES) expect((made === undefined) !== (elsewhere === undefined)).toBe(true);
});
