import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mustRun } from '../test/cluster/run-program.ts';
import { sha256 } from './release/oci-layout.ts';
import { runMain } from './run-main.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const USAGE = 'usage: make publish VERSION=0.1.0 REGISTRY=ghcr.io/you\n';

/** What goes where: archives in OCI image layout, and references. */
function pushes(version: string, registry: string, folder: string): (readonly [from: string, to: string])[] {
  return [
    [join(folder, `debugsession-operator-${version}.oci.tar`), `${registry}/debugsession-operator:${version}`],
    // Where `helm push` of the chart would put it: helm install oci://REGISTRY/charts/debugsession.
    [join(folder, `debugsession-chart-${version}.oci.tar`), `${registry}/charts/debugsession:${version}`],
  ];
}

/** The files whose checksum is not the one of SHA256SUMS. @throws Error without that file */
function changedFiles(folder: string): string[] {
  const lines = readFileSync(join(folder, 'SHA256SUMS'), 'utf8').trim().split('\n');
  return lines
    .map((line) => line.split('  ') as [sum: string, name: string])
    .filter(([sum, name]) => !existsSync(join(folder, name)) || sha256(readFileSync(join(folder, name))) !== sum)
    .map(([, name]) => name);
}

/**
 * `node scripts/publish.ts --registry=... [--from=FOLDER] VERSION`: pushes the image and
 * the chart of dist/release. Pushing the same release again changes nothing.
 */
async function main(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  const [version = ''] = positionals;
  const { registry = '', from } = values;
  if (version === '' || registry === '') {
    process.stderr.write(USAGE);
    return 2;
  }
  const changed = changedFiles(from);
  if (changed.length > 0)
    throw new Error(`${changed.join(', ')} in ${from} is not the file that was made: run make release again`);
  const image = `${registry}/debugsession-operator:${version}@`;
  const manifests = readFileSync(join(from, 'install.yaml'), 'utf8');
  if (!manifests.includes(`image: ${image}`))
    throw new Error(`${from} was not made for ${image.slice(0, -1)}: run make release with this VERSION and REGISTRY`);
  const made = readFileSync(join(from, 'provenance.intoto.json'), 'utf8');
  if (made.includes('"localhost/') && !values['stand-in'])
    throw new Error('the base image of this release is a stand-in: run make release with BASE=registry');
  const insecure = values.insecure ? ['--dest-tls-verify=false'] : [];
  for (const [archive, to] of pushes(version, registry, from)) {
    const copy = ['skopeo', 'copy', '--all', '--preserve-digests', ...insecure];
    await mustRun([...copy, `oci-archive:${archive}`, `docker://${to}`], { timeoutMs: 1_800_000 });
    process.stdout.write(`${to} is published\n`);
  }
  return 0;
}

const OPTIONS = {
  registry: { type: 'string' },
  from: { type: 'string', default: join(root, 'dist/release') },
  /** Plain HTTP, for a registry on this machine. */
  insecure: { type: 'boolean', default: false },
  /** Publish a stand-in too, for a registry on this machine. */
  'stand-in': { type: 'boolean', default: false },
} as const;

await runMain(main);
