import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cluster } from '../../cluster/cluster.ts';
import { mustRun, type Outcome, run } from '../../cluster/run-program.ts';
import { repositoryPath } from '../documents/crd.ts';

/** The time of the commit of every clean clone. */
export const COMMIT_SECONDS = 1_790_000_000;

/** What no release is made of: without it, a release that was made serves until something else changes. */
const IS_TEST = /^test\/(?!cluster\/)/;

/** The files of this working tree as the one commit of a clone of its own: a release is made of nothing else. */
export class CleanClone {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(): Promise<CleanClone> {
    const clone = new CleanClone(mkdtempSync(join(tmpdir(), 'debugsession-clone-')));
    const listed = await mustRun(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repositoryPath('.'),
    });
    for (const file of listed.split('\0')) {
      const source = repositoryPath(file);
      // What Git still lists may be removed by now.
      if (file === '' || IS_TEST.test(file) || !existsSync(source)) continue;
      mkdirSync(dirname(join(clone.path, file)), { recursive: true });
      cpSync(source, join(clone.path, file));
    }
    // What `npm ci` makes.
    symlinkSync(repositoryPath('node_modules'), join(clone.path, 'node_modules'));
    await clone.git('init', '--quiet');
    writeFileSync(join(clone.path, '.git/info/exclude'), 'node_modules\n');
    await clone.commit();
    return clone;
  }

  /** @throws Error with Git's words */
  git(...args: string[]): Promise<string> {
    const who = { NAME: 'Test', EMAIL: 'test@example.invalid', DATE: `${COMMIT_SECONDS} +0000` };
    const given = Object.entries(who).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]);
    const env = { ...process.env, ...Object.fromEntries(given) } as NodeJS.ProcessEnv;
    return mustRun(['git', '-C', this.path, '-c', 'core.autocrlf=false', ...args], { env });
  }

  async commit(): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', 'A commit');
  }

  /** `make release`, on the stand-in for the base image. A failure is an outcome, never an exception. */
  async release(version: string, ...options: string[]): Promise<Outcome> {
    const path = `${dirname(cluster().kubectlPath)}:${process.env['PATH']}`;
    const env = { ...process.env, PATH: path, NODE_OPTIONS: '--no-warnings' };
    const argv = [process.execPath, 'scripts/release.ts', '--base=local', ...options, version];
    return run(argv, { cwd: this.path, env });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * The files of the release 0.1.0 of this working tree. They are made once for each state of it.
 * @returns their folder @throws Error with the words of `make release`
 */
export async function madeRelease(version: string): Promise<string> {
  const kept = repositoryPath('dist/test-release');
  const clone = await CleanClone.open();
  try {
    const tree = (await clone.git('rev-parse', 'HEAD^{tree}')).trim();
    const folder = join(kept, tree);
    if (existsSync(folder)) return folder;
    const { code, stderr } = await clone.release(version);
    if (code !== 0) throw new Error(`make release: ${stderr}`);
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(kept, { recursive: true });
    cpSync(join(clone.path, 'dist/release'), `${folder}.new`, { recursive: true });
    renameSync(`${folder}.new`, folder);
    return folder;
  } finally {
    clone.remove();
  }
}
