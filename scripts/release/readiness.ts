import { sectionOf } from './changelog.ts';

/** What a release is judged by. */
export interface Facts {
  /** Lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  /** Where a version is written, and the version there. */
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** Tags of the commit. */
  readonly tags: readonly string[];
}

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$/;

/** Everything that forbids the release of this version, one line each; none if it can be made. */
export function obstacles(version: string, { changes, versions, changelog, tags }: Facts): string[] {
  if (!VERSION.test(version))
    return [`VERSION=${JSON.stringify(version)} is not a version: write three numbers, such as 0.1.0`];
  const differing = Object.entries(versions)
    .filter(([, written]) => written !== version)
    .map(([file, written]) => `${file} has version ${written ?? '(none)'}, not ${version}: change one of the two`);
  const others = tags.filter((tag) => /^v\d/.test(tag) && tag !== `v${version}`);
  const section = sectionOf(changelog, version);
  return [
    ...differing,
    ...(section === undefined ? [`CHANGELOG.md has no heading "## [${version}] - YYYY-MM-DD": add it`] : []),
    ...(section?.text === '' ? [`CHANGELOG.md says nothing under "## [${version}]": add what changed`] : []),
    ...(others.length > 0
      ? [`the commit has the tag ${others.join(', ')}, not v${version}: check out the right one`]
      : []),
    ...(changes.length > 0 ? [uncommitted(changes)] : []),
  ];
}

function uncommitted(changes: readonly string[]): string {
  const shown = changes.slice(0, 3).map((line) => line.slice(3));
  const more = changes.length > shown.length ? ` and ${changes.length - shown.length} more` : '';
  return `the working tree differs from its commit (${shown.join(', ')}${more}): commit or remove the changes`;
}
