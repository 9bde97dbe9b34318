import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { sha256 } from '../../scripts/release/oci-layout.ts';
import { VERSION } from '../../src/version.ts';
import { CleanClone, madeRelease } from '../support/release/made-release.ts';

// How `make release` goes, and what it refuses.

const clones: CleanClone[] = [];

async function clean(): Promise<CleanClone> {
  const clone = await CleanClone.open();
  clones.push(clone);
  return clone;
}

afterEach(() => {
  for (const clone of clones.splice(0)) clone.remove();
});

function sums(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(folder, name)))]));
}

it('make release gives the same bytes from the same commit in another clone', async () => {
  const first = await madeRelease(VERSION);
  const clone = await clean();
  const { code, stdout } = await clone.release(VERSION);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`has the release ${VERSION}`)]);
  expect(sums(join(clone.path, 'dist/release'))).toEqual(sums(first));
  expect(readdirSync(join(clone.path, 'dist'))).toEqual(['release']);
});

it('make release refuses a working tree with changes, a wrong version and a commit of another tag, and makes nothing', async () => {
  const clone = await clean();
  const refused = async (version: string): Promise<string[]> => {
    const { code, stderr } = await clone.release(version);
    expect(code).toBe(1);
    expect(existsSync(join(clone.path, 'dist'))).toBe(false);
    return stderr.trim().split('\n');
  };
  expect(await refused(`v${VERSION}`)).toEqual([
    `VERSION="v${VERSION}" is not a version: write three numbers, such as 0.1.0`,
  ]);
  const other = await refused('9.9.9');
  expect(other).toContain(`package.json has version ${VERSION}, not 9.9.9: change one of the two`);
  expect(other).toContain('CHANGELOG.md has no heading "## [9.9.9] - YYYY-MM-DD": add it');
  await clone.git('tag', 'v9.9.9');
  expect(await refused(VERSION)).toEqual([`the commit has the tag v9.9.9, not v${VERSION}: check out the right one`]);
  await clone.git('tag', '--delete', 'v9.9.9');
  appendFileSync(join(clone.path, 'README.md'), 'more\n');
  writeFileSync(join(clone.path, 'new file'), '');
  expect(await refused(VERSION)).toEqual([
    'the working tree differs from its commit (README.md, "new file"): commit or remove the changes',
  ]);
});

it('a release that fails half-way leaves the files of the one before as they were, and nothing else', async () => {
  const clone = await clean();
  const kept = join(clone.path, 'dist/release');
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, 'SHA256SUMS'), 'of before');
  writeFileSync(join(clone.path, 'src/node-stop/main.ts'), 'import "./nowhere.ts";\n');
  await clone.commit();
  const { code, stderr } = await clone.release(VERSION);
  expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere.ts')]);
  expect(readdirSync(join(clone.path, 'dist'))).toEqual(['release']);
  expect(sums(kept)).toEqual({ SHA256SUMS: sha256('of before') });
});
