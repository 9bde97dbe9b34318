import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licencesOf } from './licences.ts';
import { embedded, sha256 } from './plugin.ts';
import { runMain } from './run-main.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Where Node looks for the program in it
 * (https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html).
 */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** The processors that npm has a Node for. */
const PROCESSORS = ['x64', 'arm64'];

/**
 * Builds `kubectl dbg` with Node in it for Linux, and its checksum.
 * @param arch the processor. Of another than this machine's, npm gives the Node of the same version
 * @returns its path @throws Error with the words of the program that failed
 */
export async function buildExecutable(outdir = `${root}dist`, arch: string = process.arch): Promise<string> {
  if (process.platform !== 'linux') throw new Error('only on Linux: other systems want a signature of the result');
  if (!PROCESSORS.includes(arch))
    throw new Error(`ARCH is ${JSON.stringify(arch)}; it can be one of ${PROCESSORS.join(', ')}`);
  const isOwn = arch === process.arch;
  const name = `kubectl-dbg-linux-${arch}`;
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
    // Code that is compiled for one processor is none for another.
    const config = { main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: isOwn };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
    must([process.execPath, '--experimental-sea-config', join(folder, 'sea.json')]);
    copyFileSync(isOwn ? process.execPath : nodeFor(arch, folder), program);
    chmodSync(program, 0o755);
    // A fifth smaller. Before the injection: strip does not know what is in it.
    if (isOwn) spawnSync('strip', [program]);
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

/** The Node of this version for another processor; npm checks its digest. @returns its path */
function nodeFor(arch: string, folder: string): string {
  const about = `node-linux-${arch}@${process.versions.node}`;
  must(['npm', 'pack', about, '--silent', `--pack-destination=${folder}`]);
  must(['tar', '-xzf', join(folder, `node-linux-${arch}-${process.versions.node}.tgz`), '-C', folder]);
  return join(folder, 'package', 'bin', 'node');
}

function must([program = '', ...args]: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await runMain(async ([arch]) => {
    await buildExecutable(undefined, arch);
    return 0;
  });
