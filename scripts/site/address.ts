import { posix } from 'node:path';

// Where a file of the repository is on the site. The pages of docs/ keep their names, without docs/. A few files at the
// top of the repository have a name that says what they are. Everything else that a page links to is under source/.

const NAMED: Readonly<Record<string, string>> = {
  'site/landing.md': 'index.md',
  'README.md': 'overview.md',
  'SECURITY.md': 'security-policy.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
};

/**
 * The page of a file or folder.
 * @param file its path in the repository, such as `docs/install.md`
 * @returns the path of the Markdown page in the site, such as `install.md`
 */
export function addressOf(file: string, isFolder = false): string {
  if (isFolder) return addressOf(`${file.replace(/\/$/, '')}/README.md`);
  const named = NAMED[file];
  if (named !== undefined) return named;
  const path = file.startsWith('docs/') && file.endsWith('.md') ? file.slice('docs/'.length) : `source/${file}`;
  if (posix.basename(path) === 'README.md') return posix.join(posix.dirname(path), 'index.md');
  return path.endsWith('.md') ? path : `${path}.md`;
}

/** A link inside the repository: the file or folder that it names, and what follows, such as `#anchor`. */
export interface RepositoryLink {
  readonly path: string;
  readonly rest: string;
}

/**
 * Reads a link of a page.
 * @param from the path of the page in the repository
 * @returns undefined for a link to another host, or to a place in the same page
 */
export function readLink(from: string, href: string): RepositoryLink | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(href)) return undefined;
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/.exec(href) ?? [];
  return { path: posix.join(posix.dirname(from), decodeURI(path)).replace(/\/$/, ''), rest };
}

/** The link from one page of the site to another, as VitePress wants it. */
export function linkBetween(fromPage: string, toPage: string, rest: string): string {
  const relative = posix.relative(posix.dirname(fromPage), toPage);
  return `${relative.startsWith('.') ? relative : `./${relative}`}${rest}`;
}
