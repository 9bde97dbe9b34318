import { expect, it } from '@jest/globals';
import { sectionOf } from '../../../scripts/release/changelog.ts';
import { type Facts, obstacles } from '../../../scripts/release/readiness.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

- Later.

## [1.2.0] - 2026-11-28

### Added

- A thing.

## [1.1.0] - 2026-10-01

- An older thing.
`;
const ready: Facts = { changes: [], versions: { 'package.json': '1.2.0' }, changelog: CHANGELOG, tags: ['v1.2.0'] };

it('the section of a version ends where the next begins', () => {
  expect(sectionOf(CHANGELOG, '1.2.0')).toEqual({ date: '2026-11-28', text: '### Added\n\n- A thing.' });
  expect(sectionOf(CHANGELOG, '1.1.0')).toEqual({ date: '2026-10-01', text: '- An older thing.' });
});

it.each(['1.2', 'Unreleased', '2.0.0'])('the changelog has no section of %s', (version) => {
  expect(sectionOf(CHANGELOG, version)).toBeUndefined();
});

it('nothing forbids the release of a clean commit with its changelog and its tag', () => {
  expect(obstacles('1.2.0', ready)).toEqual([]);
  expect(obstacles('1.2.0', { ...ready, tags: ['nightly'] })).toEqual([]);
});

it('a release candidate needs a section and versions of its own', () => {
  const changelog = CHANGELOG.replace('[1.2.0]', '[1.2.0-rc.1]');
  const versions = { 'package.json': '1.2.0-rc.1' };
  expect(obstacles('1.2.0-rc.1', { ...ready, changelog, versions, tags: [] })).toEqual([]);
  expect(obstacles('1.2.0-rc.1', { ...ready, versions, tags: [] })).toHaveLength(1);
});

it.each(['', 'v1.2.0', '1.2', '1.2.0\u001b[2J', '1.2.0 ', '../1.2.0', '1.2.0+5'])('%j is not a version', (version) => {
  const [obstacle, ...others] = obstacles(version, ready);
  expect(obstacle).toBe(`VERSION=${JSON.stringify(version)} is not a version: write three numbers, such as 0.1.0`);
  expect(others).toEqual([]);
});

it.each<[string, Partial<Facts>, string]>([
  [
    'another version in a file',
    { versions: { 'a.json': '1.1.0' } },
    'a.json has version 1.1.0, not 1.2.0: change one of the two',
  ],
  [
    'a file without a version',
    { versions: { 'a.json': undefined } },
    'a.json has version (none), not 1.2.0: change one of the two',
  ],
  ['no section', { changelog: '# Changelog\n' }, 'CHANGELOG.md has no heading "## [1.2.0] - YYYY-MM-DD": add it'],
  [
    'a section without a date',
    { changelog: '## [1.2.0]\n\n- A thing.\n' },
    'CHANGELOG.md has no heading "## [1.2.0] - YYYY-MM-DD": add it',
  ],
  [
    'an empty section',
    { changelog: '## [1.2.0] - 2026-11-28\n\n## [1.1.0] - 2026-10-01\n' },
    'CHANGELOG.md says nothing under "## [1.2.0]": add what changed',
  ],
  ['another tag', { tags: ['v1.1.0'] }, 'the commit has the tag v1.1.0, not v1.2.0: check out the right one'],
  [
    'four changes',
    { changes: [' M a', '?? b', ' D c', ' M d'] },
    'the working tree differs from its commit (a, b, c and 1 more): commit or remove the changes',
  ],
])('%s forbids a release, in one line that says what to do', (_, given, line) => {
  expect(obstacles('1.2.0', { ...ready, ...given })).toEqual([line]);
});
