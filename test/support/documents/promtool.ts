import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from '../../cluster/packages.ts';
import { cachePaths } from '../../cluster/paths.ts';
import type { Progress } from '../../cluster/progress.ts';
import { mustRun } from '../../cluster/run-program.ts';

/** Where {@link ensurePromtool} keeps it. */
function keptPromtool(): string {
  return join(cachePaths(process.env).root, 'promtool');
}

/** The path of promtool: the machine's own, else the one that was fetched. */
export function promtoolPath(): string {
  return hasProgram('promtool') ? 'promtool' : keptPromtool();
}

/**
 * Fetches promtool where the machine has none. It is taken out of Debian's package `prometheus`, which is not
 * installed: that would start a Prometheus on this machine. Needs no root. @throws Error, one line that says what to
 * install, where there is no Debian.
 */
export async function ensurePromtool(progress: Progress): Promise<void> {
  if (hasProgram('promtool') || existsSync(keptPromtool())) return;
  if (!hasProgram('apt-get'))
    throw new Error('promtool is missing: it comes with Prometheus, put it into /usr/local/bin');
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-promtool-'));
  try {
    await progress.during("fetching promtool from Debian's package prometheus", () => fetchPromtool(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fetchPromtool(folder: string): Promise<void> {
  const download = ['apt-get', 'download', '-qq', 'prometheus'];
  const options = { cwd: folder };
  try {
    await mustRun(download, options);
  } catch {
    // No lists, or lists that name versions which are gone by now.
    await mustRun(['apt-get', 'update', '-qq'], options);
    await mustRun(download, options);
  }
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb')) ?? '';
  await mustRun(['dpkg-deb', '--extract', archive, 'unpacked'], options);
  mkdirSync(cachePaths(process.env).root, { recursive: true });
  // Moved into place in one step: whoever looks meanwhile finds all of it or nothing.
  const whole = `${keptPromtool()}.${process.pid}`;
  await mustRun(['cp', join(folder, 'unpacked/usr/bin/promtool'), whole], options);
  renameSync(whole, keptPromtool());
}

/** Runs promtool. A failure is an outcome; that it is not there is an Error which says what to do. */
export function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(promtoolPath(), args, { encoding: 'utf8' });
  if (error !== undefined) {
    throw new Error('cannot run promtool: `make test` fetches it, or put it into /usr/local/bin', { cause: error });
  }
  return { status, output: `${stdout}${stderr}` };
}
