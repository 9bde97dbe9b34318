import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { addressOf, linkBetween, readLink } from './address.ts';
import { type Crd, fieldsPage } from './fields-page.ts';
import { linksOf } from './links-of.ts';
import { NAVIGATION } from './navigation.ts';
import { filePage, folderPage } from './source-page.ts';
import { transcriptOf } from './transcript-of.ts';

/** The pages that the site has whether or not another links to them. */
const PAGES = [
  'site/landing.md',
  'docs/**/*.md',
  'docs/adr',
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
];

/** What the list of a folder is called, where its path says too little. */
const TITLES: Readonly<Record<string, string>> = { 'docs/adr': 'Decisions' };

/** Pages from the schemas of the custom resources, with the page by hand that each belongs to. */
const FIELDS = [
  { crd: 'crds/debugsessions.debugsession.dev.yaml', name: 'debugsession' },
  { crd: 'crds/debugpolicies.debugsession.dev.yaml', name: 'debugpolicy' },
  { crd: 'crds/debugapprovals.debugsession.dev.yaml', name: 'debugapproval', page: 'guides/approval' },
];

/**
 * Writes the pages of the site as VitePress takes them: those of the repository with their links led to the site, every
 * file that one of them links to, the fields of the custom resources, and the landing page.
 * @param root the folder of the repository
 * @param folder is emptied and written
 * @throws Error, one line a fault, where a page links to a file that does not exist
 */
export function stagePages(root: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const faults: string[] = [];
  const cast = readFileSync(join(root, 'site/session.cast'), 'utf8');
  const known = new Set(globSync(PAGES, { cwd: root }));
  // A set is walked in the order of adding, and what is added meanwhile comes too.
  for (const path of known) {
    const isFolder = statSync(join(root, path)).isDirectory();
    if (isFolder) {
      const files = filesOf(root, path);
      for (const file of files.keys()) known.add(file);
      write(addressOf(path, true), folderPage(path, TITLES[path] ?? path, files));
    } else if (path.endsWith('.md')) {
      write(
        addressOf(path),
        withLinks(root, path, known, faults).replace('<!-- transcript -->', () => transcriptOf(cast)),
      );
    } else {
      write(addressOf(path), filePage(path, readFileSync(join(root, path), 'utf8')));
    }
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  for (const { crd, name, page = name } of FIELDS)
    write(`fields/${name}.md`, fieldsPage(parse(readFileSync(join(root, crd), 'utf8')) as Crd, `../${page}.md`));
  write('public/session.cast', cast);
  write('navigation.json', JSON.stringify(NAVIGATION));
}

/** The text of a page with its links led to the pages of the site; adds what it links to. */
function withLinks(root: string, file: string, known: Set<string>, faults: string[]): string {
  const page = addressOf(file);
  const text = readFileSync(join(root, file), 'utf8');
  return [...new Set(linksOf(text))].reduce(
    (written, href) => {
      const link = readLink(file, href);
      if (link === undefined) return written;
      if (!existsSync(join(root, link.path))) {
        faults.push(`${file} links to ${href}, which does not exist`);
        return written;
      }
      const isFolder = statSync(join(root, link.path)).isDirectory();
      const readme = `${link.path}/README.md`;
      const target = isFolder && existsSync(join(root, readme)) ? readme : link.path;
      known.add(target);
      const to = linkBetween(page, addressOf(target, isFolder && target === link.path), link.rest);
      return written.replaceAll(`](${href})`, `](${to})`);
    },
    withHeading(file, text),
  );
}

/** A page without a heading gets the path as one. */
function withHeading(file: string, text: string): string {
  return /^# /m.test(text) ? text : `# ${file}\n\n${text}`;
}

/** The files below a folder, each with its title: the heading of a page, the path of anything else. */
function filesOf(root: string, folder: string): Map<string, string> {
  const files = globSync(`${folder}/**/*`, { cwd: root })
    .filter((file) => statSync(join(root, file)).isFile())
    .toSorted();
  return new Map(files.map((file) => [file, titleOf(root, file) ?? file]));
}

function titleOf(root: string, file: string): string | undefined {
  return file.endsWith('.md') ? /^# (.*)$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1] : undefined;
}
