import { expect, it } from '@jest/globals';
import { OUTCOMES } from '../../../support/outcomes/outcome-table.ts';

it('the table of outcomes has thirty rows or more, and each row is made to happen or names its test', () => {
  expect(OUTCOMES.length).toBeGreaterThanOrEqual(30);
  for (const { made, elsewhere } of OUTCOMES) expect((made === undefined) !== (elsewhere === undefined)).toBe(true);
});
