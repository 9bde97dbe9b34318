import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licencesOf } from './licences.ts';
import { embedded, sha256 } from './plugin.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Where Node looks for the program in it
 * (https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html).
 */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Builds `kubectl dbg` with this Node in it, for the system and processor of this machine, and its checksum.
 * @returns its path @throws Error with the words of the program that failed
 */
export async function buildExecutable(outdir = `${root}dist`): Promise<string> {
  if (process.platform !== 'linux') throw new Error('only on Linux: other systems want a signature of the result');
  const name = `kubectl-dbg-${process.platform}-${process.arch}`;
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-executable-'));
  const [main, blob, program] = ['main.cjs', 'blob', 'program'].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  try {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/plugin/main.ts'],
      outfile: main,
      bundle: true,
      platform: 'node',
      target: 'node24',
      // Node takes no ES module as the main program of an executable.
      format: 'cjs',
      define: embedded(),
      // It stands where the sources read their files; this build has them in it.
      logOverride: { 'empty-import-meta': 'silent' },
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
    });
    const config = { main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
    must([process.execPath, '--experimental-sea-config', join(folder, 'sea.json')]);
    copyFileSync(process.execPath, program);
    chmodSync(program, 0o755);
    // A fifth smaller. Before the injection: strip does not know what is in it.
    spawnSync('strip', [program]);
    must([
      process.execPath,
      `${root}node_modules/.bin/postject`,
      program,
      'NODE_SEA_BLOB',
      blob,
      '--sentinel-fuse',
      FUSE,
    ]);
    mkdirSync(outdir, { recursive: true });
    const file = join(outdir, name);
    copyFileSync(program, `${file}.new`);
    renameSync(`${file}.new`, file);
    writeFileSync(`${file}.LICENSES.txt`, licencesOf(metafile, root));
    writeFileSync(`${file}.sha256`, `${sha256(file)}  ${name}\n`);
    return file;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function must([program = '', ...args]: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildExecutable();
