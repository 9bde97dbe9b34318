import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { cachePaths } from '../cluster/paths.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const call = promisify(execFile);
const PARTS = ['package.json', 'package-lock.json', 'src', 'scripts', 'crds', 'config'];

interface Release {
  version: string;
  commit: string;
}

/** The release that people upgrade from: docs/releasing.md says when to write the next one here. */
const last = JSON.parse(readFileSync(repositoryPath('test/upgrade/last-release.json'), 'utf8')) as Release;

/** Where the sources of the last release are, and its operator as dist/main.js. */
export const lastReleaseFolder = join(cachePaths(process.env).root, 'releases', last.commit);

/** False where the clone does not have the commit and cannot fetch it: then there is nothing to upgrade from. */
export function hasLastRelease(): boolean {
  return existsSync(join(lastReleaseFolder, 'dist', 'main.js'));
}

/**
 * Builds the operator of the last release by its own script, once. The release is named by its commit, because a clone
 * may have no tags.
 * @returns why there is none; `undefined`: it is there
 */
export async function ensureLastRelease(): Promise<string | undefined> {
  if (hasLastRelease()) return undefined;
  if (!(await isCommitHere()))
    return `this clone has no commit ${last.commit} (v${last.version}), and no origin with it`;
  const parent = join(lastReleaseFolder, '..');
  mkdirSync(parent, { recursive: true });
  const fresh = mkdtempSync(join(parent, '.new-'));
  try {
    await git('archive', '--format=tar', `--output=${fresh}/sources.tar`, last.commit, ...PARTS);
    await call('tar', ['-xf', 'sources.tar'], { cwd: fresh });
    await addPackages(fresh);
    await call(process.execPath, ['scripts/build.ts'], { cwd: fresh });
    rmSync(lastReleaseFolder, { recursive: true, force: true });
    renameSync(fresh, lastReleaseFolder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return undefined;
}

/** A shallow clone asks where it came from. */
async function isCommitHere(): Promise<boolean> {
  const find = (): Promise<unknown> => git('cat-file', '-e', `${last.commit}^{commit}`);
  try {
    await find().catch(() => git('fetch', '--quiet', '--depth=1', 'origin', last.commit).then(find));
    return true;
  } catch {
    return false;
  }
}

/** Those of this tree, as long as both locks name the same ones. */
async function addPackages(folder: string): Promise<void> {
  if (isDeepStrictEqual(lockedIn(folder), lockedIn(repositoryPath('.'))))
    symlinkSync(repositoryPath('node_modules'), join(folder, 'node_modules'));
  else await call('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder });
}

/** The packages of a lock, without the project itself, whose version differs. */
function lockedIn(folder: string): object {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  return Object.fromEntries(Object.entries(packages).filter(([name]) => name !== ''));
}

function git(...args: string[]): Promise<unknown> {
  return call('git', args, { cwd: repositoryPath('.') });
}
