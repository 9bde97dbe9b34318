import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensurePackages } from '../test/cluster/packages.ts';
import { type Progress, progressTo } from '../test/cluster/progress.ts';
import { buildahPackage } from './image.ts';
import { DOWNLOADS } from './krew-manifest.ts';
import { installManifests } from './manifests.ts';
import { packPlugin } from './plugin.ts';
import { type Base, type BaseChoice, chooseBase } from './release/base-image.ts';
import { sectionOf } from './release/changelog.ts';
import { packChart } from './release/chart.ts';
import { buildImages } from './release/image.ts';
import { releaseNotes } from './release/notes.ts';
import { sha256 } from './release/oci-layout.ts';
import { checksums, provenance, type Subject } from './release/provenance.ts';
import { obstacles } from './release/readiness.ts';
import { type Commit, readCommit, readFacts } from './release/repository.ts';
import { makeSboms } from './release/sbom.ts';
import { runMain } from './run-main.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const USAGE = 'usage: make release VERSION=0.1.0 [REGISTRY=ghcr.io/you] [DOWNLOADS=URL] [SOURCE=URL] [BASE=registry]\n';

const CHOICES: readonly BaseChoice[] = ['auto', 'local', 'registry'];
const OPTIONS = {
  registry: { type: 'string', default: 'registry.example' },
  downloads: { type: 'string', default: DOWNLOADS },
  source: { type: 'string', default: 'https://example.invalid/debugsession' },
  base: { type: 'string', default: 'auto' },
  out: { type: 'string', default: join(root, 'dist/release') },
} as const;

interface Order {
  readonly version: string;
  /** Where the image and the chart will be. */
  readonly registry: string;
  /** URL under which each version has a folder with its files. */
  readonly downloads: string;
  /** URL of the source. */
  readonly source: string;
  readonly base: BaseChoice;
  readonly progress: Progress;
}

/**
 * Makes all files of a release in a new folder. Equal commits and orders give equal bytes.
 * @returns whether the base image is a stand-in
 */
async function makeRelease(order: Order, out: string, scratch: string): Promise<boolean> {
  const { version, registry, downloads, source, progress } = order;
  const commit = await readCommit(root);
  const base = await progress.during('base image', () => chooseBase(order.base, root, join(scratch, 'base')));
  const repository = `${registry}/debugsession-operator`;
  const reference = `${repository}:${version}`;
  const ordered = { root, folder: scratch, base, commit, reference, version, source };
  const { archive, digest } = await progress.during('images', () => buildImages(ordered));
  const files = new Map<string, Buffer | string>([[`debugsession-operator-${version}.oci.tar`, archive]]);
  await progress.during('manifests, chart, plugin, bills of materials', async () => {
    files.set('install.yaml', manifestsWith(`${reference}@${digest}`));
    const chart = await packChart(root, { repository, digest }, new Date(commit.seconds * 1000).toISOString());
    files.set(`debugsession-${version}.tgz`, chart.tgz).set(`debugsession-chart-${version}.oci.tar`, chart.oci);
    const plugin = await packPlugin(scratch, downloads);
    files.set(`kubectl-dbg-v${version}.tar.gz`, readFileSync(plugin.archive));
    files.set('dbg.yaml', readFileSync(plugin.manifest));
    const { spdx, cyclonedx } = await makeSboms(root, commit, scratch);
    files.set('sbom.spdx.json', spdx).set('sbom.cdx.json', cyclonedx);
  });
  files.set('RELEASE_NOTES.md', notesOf(version, `${reference}@${digest}`, base));
  addProofs(files, { name: repository, sha256: digest.replace('sha256:', '') }, { ...order, commit, chosen: base });
  for (const [name, content] of files) writeFileSync(join(out, name), content);
  return isStandIn(base);
}

/** What `make manifests` makes, with the image by tag and digest. */
function manifestsWith(image: string): string {
  const before = installManifests();
  const after = before.replace(/^( +image: )debugsession-operator:\S+$/m, `$1${image}`);
  if (after === before) throw new Error('config/default names no image debugsession-operator');
  return after;
}

function isStandIn(base: Base): boolean {
  return base.name.startsWith('localhost/');
}

function notesOf(version: string, image: string, base: Base): string {
  const { date, text } = sectionOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version) ?? { date: '', text: '' };
  return releaseNotes({ version, date, changes: text, image, standIn: isStandIn(base) });
}

/** Adds the provenance of all files and of the image, and after it the checksums. */
function addProofs(files: Map<string, Buffer | string>, image: Subject, making: ProofOf): void {
  const subjects = (): Subject[] =>
    [...files].map(([name, content]) => ({ name, sha256: sha256(content) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const { version, commit, source, registry, downloads, chosen } = making;
  const statement = provenance({
    version,
    commit,
    source,
    parameters: { registry, downloads },
    materials: [{ name: chosen.name, sha256: chosen.sha256 }],
    subjects: [...subjects(), image],
  });
  files.set('provenance.intoto.json', statement);
  files.set('SHA256SUMS', checksums(subjects()));
}

interface ProofOf extends Order {
  readonly commit: Commit;
  readonly chosen: Base;
}

/** Makes dist/release anew. What was there before goes only when the new files are whole. */
async function replaceRelease(order: Order, out: string): Promise<boolean> {
  mkdirSync(dirname(out), { recursive: true });
  // Beside it, so that a rename is enough.
  const scratch = mkdtempSync(join(dirname(out), '.release-'));
  const fresh = join(scratch, 'release');
  try {
    mkdirSync(fresh);
    const standIn = await makeRelease(order, fresh, scratch);
    rmSync(out, { recursive: true, force: true });
    renameSync(fresh, out);
    return standIn;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `node scripts/release.ts VERSION [--registry=...] [--downloads=...] [--source=...] [--base=...] [--out=FOLDER]` */
async function main(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  const [version = ''] = positionals;
  const base = CHOICES.find((choice) => choice === values.base);
  if (version === '' || base === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const found = obstacles(version, await readFacts(root));
  if (found.length > 0) {
    for (const obstacle of found) process.stderr.write(`${obstacle}\n`);
    return 1;
  }
  const progress = progressTo(process.stderr);
  await ensurePackages(progress, [buildahPackage]);
  const { registry, downloads, source, out } = values;
  const standIn = await replaceRelease({ version, registry, downloads, source, base, progress }, out);
  process.stdout.write(`${out} has the release ${version}; docs/releasing.md says how to publish it\n`);
  if (standIn)
    process.stdout.write('Do not publish it: its base image is a stand-in, as the registry did not answer.\n');
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(main);
