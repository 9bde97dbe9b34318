import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is built, by the name of the file in dist/. */
const entries = { main: 'src/main.ts', convert: 'src/cli/convert-main.ts' };

// Bundled CommonJS packages call require() for Node's own modules, which an ES module does not have.
const banner = `import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outdir: 'dist',
  banner: { js: banner },
  sourcemap: true,
  // The client carries the whole Kubernetes API with its comments; names stay, so that a stack trace reads.
  minifyWhitespace: true,
  minifySyntax: true,
  // The licences of what is bundled go with it, as dist/*.LEGAL.txt.
  legalComments: 'external',
  logLevel: 'warning',
};

/** Builds everything anew; what lies in dist/ from before goes. Rejects when a source does not hold together. */
export async function buildAll(): Promise<void> {
  rmSync(`${root}dist`, { recursive: true, force: true });
  await build({ ...options, entryPoints: entries });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
