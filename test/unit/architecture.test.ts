import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { repositoryPath } from '../support/documents/crd.ts';

const sessionRooms = readdirSync(repositoryPath('src/session')).map((room) => `src/session/${room}`);

/** The source files of a folder, without those of its folders. */
function sourcesIn(folder: string): string[] {
  return readdirSync(repositoryPath(folder)).filter((file) => file.endsWith('.ts'));
}

/** The files that a page names in backticks, without their folders. */
function namedIn(page: string): string[] {
  const text = readFileSync(repositoryPath(page), 'utf8');
  return [...text.matchAll(/`(?:[\w/-]+\/)?([\w-]+\.ts)`/g)].map((match) => match[1] ?? '');
}

it.each([...sessionRooms, 'src/runtime', 'src/kube'])(
  'the file %s/README.md names every file of its folder',
  (room) => {
    const named = namedIn(`${room}/README.md`);
    expect(sourcesIn(room).filter((file) => !named.includes(file))).toEqual([]);
  },
);

it.each([...sessionRooms, 'src/runtime', 'src/kube'])('the file %s/README.md names no file that is missing', (room) => {
  const text = readFileSync(repositoryPath(`${room}/README.md`), 'utf8');
  const own = [...text.matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1] ?? '');
  expect(own.length).toBeGreaterThan(2);
  expect(own.filter((file) => !sourcesIn(room).includes(file))).toEqual([]);
});

describe('docs/architecture.md', () => {
  const page = readFileSync(repositoryPath('docs/architecture.md'), 'utf8');

  /** The text below a heading, up to the next one of its level or above. */
  function section(heading: string): string {
    const [, marks = '', text = ''] = new RegExp(`^(#+) ${heading}\n([^]*)`, 'm').exec(page) ?? [];
    const next = new RegExp(`^#{1,${marks.length}} `, 'm').exec(text);
    return text.slice(0, next?.index);
  }

  /** The paths in backticks that stand in a text. */
  function pathsIn(text: string): string[] {
    return [...text.matchAll(/`((?:src|test|docs|crds)\/[\w./-]+\.\w+)`/g)].map((match) => match[1] ?? '');
  }

  it.each(sessionRooms)('docs/architecture.md names every file of %s in its row', (room) => {
    const row = section('The rooms of src/session')
      .split('\n')
      .find((line) => line.includes(`(../${room}/README.md)`));
    const named = [...(row ?? '').matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1]);
    expect(named.toSorted()).toEqual(sourcesIn(room).toSorted());
  });

  it('docs/architecture.md names every file of src/reconcile', () => {
    const named = [...section('The files of src/reconcile').matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1]);
    expect(named.toSorted()).toEqual(sourcesIn('src/reconcile').toSorted());
  });

  it('docs/architecture.md names no path that is missing', () => {
    expect(pathsIn(page).filter((path) => !existsSync(repositoryPath(path)))).toEqual([]);
  });

  it('docs/architecture.md tells the way from apply to Expired by at most 18 files', () => {
    const files = new Set(pathsIn(section('From apply to Expired')));
    expect(files.size).toBeGreaterThan(10);
    expect([...files].slice(18)).toEqual([]);
  });

  it.each([
    // The file that decides and its test are of its choice.
    ['a reason', 2, 5],
    ['a metric', 0, 4],
    ['a profile', 0, 5],
  ])(
    'docs/architecture.md needs for %s, besides %i files of its choice, at most the allowed number of files',
    (thing, chosen, most) => {
      const row = section('To add something')
        .split('\n')
        .find((line) => line.startsWith(`| ${thing} |`));
      const [, , touched = '', tests = ''] = (row ?? '').split(' | ').join(' |').split('|');
      expect(new Set(pathsIn(touched)).size + chosen).toBeLessThanOrEqual(most);
      expect(pathsIn(touched).length).toBeGreaterThan(0);
      expect(pathsIn(tests).length).toBeGreaterThan(0);
    },
  );

  it('docs/architecture.md has links that lead to existing files', () => {
    const targets = [...page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => !existsSync(repositoryPath(`docs/${target}`)))).toEqual([]);
  });
});
