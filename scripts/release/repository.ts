import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { mustRun } from '../../test/cluster/run-program.ts';
import type { Facts } from './readiness.ts';

/** The commit that a release is made of. */
export interface Commit {
  readonly id: string;
  /** Seconds since 1970, of the committer: https://reproducible-builds.org/specs/source-date-epoch/. */
  readonly seconds: number;
}

/** @throws Error with Git's words, such as outside of a clone */
export async function readCommit(root: string): Promise<Commit> {
  const [id = '', seconds = ''] = (await git(root, 'log', '-1', '--format=%H %ct')).trim().split(' ');
  return { id, seconds: Number(seconds) };
}

/** Reads what a release is judged by. @throws Error with Git's words, or of a file that is missing */
export async function readFacts(root: string): Promise<Facts> {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const versionIn = (file: string): string | undefined => (parse(read(file)) as { version?: string }).version;
  const chart = parse(read('charts/debugsession/Chart.yaml')) as { version?: string; appVersion?: string };
  const manager = parse(read('config/manager/kustomization.yaml')) as { images?: { newTag?: string }[] };
  return {
    changes: linesOf(await git(root, 'status', '--porcelain')),
    tags: linesOf(await git(root, 'tag', '--points-at', 'HEAD')),
    changelog: read('CHANGELOG.md'),
    versions: {
      'package.json': versionIn('package.json'),
      'package-lock.json': versionIn('package-lock.json'),
      'src/version.ts': /VERSION = '([^']*)'/.exec(read('src/version.ts'))?.[1],
      'charts/debugsession/Chart.yaml (version)': chart.version,
      'charts/debugsession/Chart.yaml (appVersion)': chart.appVersion,
      'config/manager/kustomization.yaml': manager.images?.[0]?.newTag,
    },
  };
}

/** The files that Git has in a folder, by their paths in it, sorted. */
export async function filesIn(root: string, folder: string): Promise<string[]> {
  const listed = await git(root, 'ls-files', '-z', folder);
  return listed
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => path.slice(folder.length + 1))
    .sort();
}

function git(root: string, ...args: string[]): Promise<string> {
  return mustRun(['git', '-C', root, ...args]);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
