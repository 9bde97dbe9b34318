import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
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

it.each([...sessionRooms, 'src/runtime', 'src/kube'])('%s/README.md names every file of its room', (room) => {
  const named = namedIn(`${room}/README.md`);
  expect(sourcesIn(room).filter((file) => !named.includes(file))).toEqual([]);
});

it.each([...sessionRooms, 'src/runtime', 'src/kube'])('every file that %s/README.md names is there', (room) => {
  const text = readFileSync(repositoryPath(`${room}/README.md`), 'utf8');
  const own = [...text.matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1] ?? '');
  expect(own.length).toBeGreaterThan(2);
  expect(own.filter((file) => !sourcesIn(room).includes(file))).toEqual([]);
});
