import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions, Metafile } from 'esbuild';
import { slimClient } from './slim-client.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is built, by the name of its file. */
const entries = { main: 'src/main.ts', convert: 'src/cli/convert-main.ts' };

// Bundled CommonJS packages call require() for Node's own modules, which an ES module does not have.
const banner = `import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  banner: { js: banner },
  sourcemap: true,
  plugins: [slimClient],
  metafile: true,
  // Names stay, so that a stack trace reads.
  minifyWhitespace: true,
  minifySyntax: true,
  // The licences of what is bundled go with it, as dist/*.LEGAL.txt.
  legalComments: 'external',
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * Builds everything anew into a folder (default dist/). Each file is moved into place when it is whole: what runs from there, or is about to be
 * started, never meets half of it. Rejects when a source does not hold together.
 * @returns what went into which file, as esbuild has it
 */
export async function buildAll(outdir = `${root}dist`): Promise<Metafile> {
  mkdirSync(outdir, { recursive: true });
  const fresh = mkdtempSync(`${outdir}/.new-`);
  try {
    const { metafile } = await build({ ...options, outdir: fresh, entryPoints: entries });
    for (const file of readdirSync(fresh)) renameSync(`${fresh}/${file}`, `${outdir}/${file}`);
    return metafile;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
