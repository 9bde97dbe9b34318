import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { VERSION } from '../src/version.ts';
import { readManifests } from '../src/plugin/doctor/manifest.ts';
import { readCrds } from '../src/plugin/schemas.ts';
import { licencesOf } from './licences.ts';
import { krewManifest } from './krew-manifest.ts';
import { tarGz } from './release/archive.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

// One function, and nothing that only a CommonJS or only an ES module has: Node runs the file as either. As an ES
// module without a name's ending Node would first parse all of it as CommonJS (docs/performance.md).
const banner = `#!/usr/bin/env node
(function (require) {`;
const footer = `})(process.getBuiltinModule('node:module').createRequire(process.execPath));`;

/** Its own copy of the CRDs and of config/: the file is all that a person has. */
export function embedded(): Record<string, string> {
  return { EMBEDDED_CRDS: JSON.stringify(readCrds()), EMBEDDED_MANIFESTS: JSON.stringify(readManifests()) };
}

/** Builds `kubectl dbg` as one file that runs with Node 22.12 or newer. @returns its path */
export async function buildPlugin(outdir = `${root}dist`): Promise<string> {
  const file = `${outdir}/kubectl-dbg`;
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/plugin/main.ts'],
    outfile: `${file}.new`,
    bundle: true,
    platform: 'node',
    target: 'node22.12',
    format: 'cjs',
    banner: { js: banner },
    footer: { js: footer },
    define: embedded(),
    // It stands where the sources read their files; this build has them in it.
    logOverride: { 'empty-import-meta': 'silent' },
    // Names stay, so that a stack trace reads.
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  // What runs from there never meets half of it.
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file);
  writeFileSync(`${file}.LICENSES.txt`, licencesOf(metafile, root));
  return file;
}

/**
 * The archive that krew installs from, its checksum, and the manifest that names both. Equal sources give equal bytes.
 * @param downloads see krewManifest() @returns their paths
 */
export async function packPlugin(
  outdir = `${root}dist`,
  downloads?: string,
): Promise<{ archive: string; manifest: string }> {
  const file = await buildPlugin(outdir);
  const archive = `${outdir}/kubectl-dbg-v${VERSION}.tar.gz`;
  const packed = tarGz([
    { kind: 'file', path: 'kubectl-dbg', mode: 0o755, content: readFileSync(file) },
    { kind: 'file', path: 'LICENSE', content: readFileSync(`${root}LICENSE`) },
    { kind: 'file', path: 'LICENSES.txt', content: readFileSync(`${file}.LICENSES.txt`) },
  ]);
  writeFileSync(archive, packed);
  const sums = [archive, file].map((one) => [sha256(one), one.slice(outdir.length + 1)] as const);
  writeFileSync(`${outdir}/kubectl-dbg.sha256`, sums.map(([sum, name]) => `${sum}  ${name}\n`).join(''));
  const manifest = `${outdir}/dbg.yaml`;
  const from = downloads === undefined ? {} : { downloads };
  writeFileSync(manifest, krewManifest({ version: VERSION, sha256: sha256(archive), ...from }));
  return { archive, manifest };
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await packPlugin();
