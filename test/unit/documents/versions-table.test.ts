import { expect, it } from '@jest/globals';
import { rowOf, withRows } from '../../support/documents/versions-table.ts';

const PAGE = `# Versions

<!-- written by make test-versions: begin -->
<!-- written by make test-versions: end -->

The end.
`;
const counts = {
  integration: { passed: 10, failed: 0, skipped: 0 },
  e2e: { passed: 5, failed: 1, skipped: 2 },
};
const row = (minor: string): string =>
  rowOf({ minor, server: `v${minor}.1`, kubelet: `v${minor}.1`, fillsIn: minor === '1.36', counts });

it('a row of the table of versions names failed and skipped tests, and a project that did not run', () => {
  expect(row('1.36')).toBe(
    '| 1.36 | v1.36.1 | v1.36.1 | a policy fills it in | 10 passed | 5 passed, **1 failed**, 2 skipped | not run |',
  );
  expect(row('1.35')).toContain('| you write it |');
});

it('the table of versions keeps the rows of other versions, and has the newest version first', () => {
  const first = withRows(PAGE, [row('1.30'), row('1.36')]);
  const second = withRows(first, [row('1.35'), row('1.36').replace('10 passed', '11 passed')]);
  const rows = second.split('\n').filter((line) => /^\| \d/.test(line));
  expect(rows).toEqual([row('1.36').replace('10 passed', '11 passed'), row('1.35'), row('1.30')]);
  expect(second.startsWith('# Versions\n')).toBe(true);
  expect(second.endsWith('\nThe end.\n')).toBe(true);
  expect(withRows(second, [])).toBe(second);
});

it('a page without the lines of the table is refused', () => {
  expect(() => withRows('# Versions\n', [row('1.36')])).toThrow('the page lacks the lines');
});
