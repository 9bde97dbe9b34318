import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions, Metafile } from 'esbuild';
import { licencesOf } from './licences.ts';
import { slimClient } from './slim-client.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is built, by the name of its file. */
const entries = {
  main: 'src/main.ts',
  // A file of its own: what it needs for gRPC would be loaded by every operator, and hardly any ever stops a container
  // so.
  'node-stop': 'src/node-stop/main.ts',
};

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
 * Builds everything anew into a folder (default dist/). Each file is moved into place when it is whole: what runs from
 * there, or is about to be started, never meets half of it. Rejects when a source does not hold together.
 * @returns what went into which file, as esbuild has it
 */
export async function buildAll(outdir = `${root}dist`): Promise<Metafile> {
  mkdirSync(outdir, { recursive: true });
  const fresh = mkdtempSync(`${outdir}/.new-`);
  try {
    const { metafile } = await build({ ...options, outdir: fresh, entryPoints: entries });
    addToNodeStop(fresh, metafile);
    // Else Node parses each file twice: first as CommonJS, then, when that fails, as what it is.
    writeFileSync(`${fresh}/package.json`, '{ "type": "module" }\n');
    for (const file of readdirSync(fresh)) renameSync(`${fresh}/${file}`, `${outdir}/${file}`);
    return metafile;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** What the stop program reads beside itself, and the licences of its packages, whose comments do not name them. */
function addToNodeStop(folder: string, { outputs }: Metafile): void {
  copyFileSync(`${root}src/node-stop/cri.proto`, `${folder}/cri.proto`);
  const bundle = Object.entries(outputs).find(([file]) => file.endsWith('/node-stop.js'))?.[1];
  writeFileSync(`${folder}/node-stop.js.LEGAL.txt`, licencesOf({ inputs: bundle?.inputs ?? {} }, root));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
