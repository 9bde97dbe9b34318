import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../test/cluster/run-program.ts';
import { buildAll } from '../build.ts';
import { BUILDAH } from '../image.ts';
import { ARCHITECTURES, type Architecture, type Base } from './base-image.ts';
import { type Blobs, type Descriptor, INDEX, ociLayout } from './oci-layout.ts';
import type { Commit } from './repository.ts';

/** What is built. */
export interface ImageOrder {
  readonly root: string;
  /** For what lies about while it is built. */
  readonly folder: string;
  readonly base: Base;
  readonly commit: Commit;
  /** Registry, name and tag. */
  readonly reference: string;
  readonly version: string;
  /** URL of the source. */
  readonly source: string;
}

/** Images for all architectures. */
export interface BuiltImages {
  /** One archive in OCI image layout, with one index. */
  readonly archive: Buffer;
  /** Of the index: sha256:... */
  readonly digest: string;
}

/** What the build stage of the Dockerfile hands to the last one. */
export const BUILT = [
  'package.json',
  'main.js',
  'main.js.LEGAL.txt',
  'node-stop.js',
  'node-stop.js.LEGAL.txt',
  'cri.proto',
] as const;

/**
 * Builds the last stage of the Dockerfile for each architecture. It only copies, so nothing of a foreign architecture
 * runs. The build stage is replaced by its own last line, done here: what it makes is the same for all.
 * @throws Error with buildah's words
 */
export async function buildImages(order: ImageOrder): Promise<BuiltImages> {
  const stage = await buildStage(order.folder);
  const layouts = new Map<Architecture, string>();
  for (const architecture of ARCHITECTURES) layouts.set(architecture, await buildFor(architecture, stage, order));
  let digest = '';
  const archive = ociLayout((blobs) => {
    const manifests = [...layouts].map(([architecture, layout]) => ({
      ...addLayout(blobs, layout),
      platform: { architecture, os: 'linux' },
    }));
    const annotations = annotationsOf(order);
    const index = blobs.addJson(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests, annotations });
    digest = index.digest;
    return { ...index, annotations: namesOf(order.reference) };
  });
  return { archive, digest };
}

/** The second is containerd's: the name that an imported image gets. */
function namesOf(reference: string): Record<string, string> {
  const tag = reference.split(':').at(-1) ?? '';
  return { 'org.opencontainers.image.ref.name': tag, 'io.containerd.image.name': reference };
}

async function buildStage(folder: string): Promise<string> {
  const built = join(folder, 'built');
  const stage = join(folder, 'stage');
  await buildAll(built);
  mkdirSync(join(stage, 'src', 'dist'), { recursive: true });
  for (const name of BUILT) {
    copyFileSync(join(built, name), join(stage, 'src', 'dist', name));
    chmodSync(join(stage, 'src', 'dist', name), 0o644);
  }
  return stage;
}

/** @returns a folder in OCI image layout */
async function buildFor(architecture: Architecture, stage: string, order: ImageOrder): Promise<string> {
  const { root, folder, base, commit } = order;
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const name = `localhost/release:${architecture}`;
  const annotations = Object.entries(annotationsOf(order)).map(([key, value]) => `${key}=${value}`);
  const options = [
    `--platform=linux/${architecture}`,
    `--timestamp=${commit.seconds}`,
    // A context with the name of a stage takes its place.
    `--build-context=build=${stage}`,
    `--build-arg=BASE=${base.from[architecture]}`,
    // Else the version of buildah and the paths of this machine are in the image.
    '--identity-label=false',
    '--omit-history',
    ...annotations.flatMap((one) => [`--label=${one}`, `--annotation=${one}`]),
  ];
  const argv = [...BUILDAH, ...storage, 'build', '--isolation=chroot', `--tag=${name}`, ...options, root];
  await mustRun(argv, { timeoutMs: 600_000 });
  const layout = join(folder, `layout-${architecture}`);
  await mustRun([...BUILDAH, ...storage, 'push', '--format=oci', name, `oci:${layout}`], { timeoutMs: 600_000 });
  return layout;
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md */
function annotationsOf({ base, commit, version, source }: ImageOrder): Record<string, string> {
  const ours = {
    title: 'DebugSession operator',
    description: 'Injects, tracks and ends ephemeral debug containers as a declared resource',
    created: new Date(commit.seconds * 1000).toISOString().replace('.000', ''),
    licenses: 'Apache-2.0',
    revision: commit.id,
    source,
    version,
    'base.name': base.name,
    'base.digest': `sha256:${base.sha256}`,
  };
  return Object.fromEntries(Object.entries(ours).map(([key, value]) => [`org.opencontainers.image.${key}`, value]));
}

/** @returns what the layout is about */
function addLayout(blobs: Blobs, layout: string): Descriptor {
  const folder = join(layout, 'blobs', 'sha256');
  for (const file of readdirSync(folder).sort()) blobs.add('', readFileSync(join(folder, file)));
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error(`${layout} has no image`);
  const { mediaType, digest, size } = manifest;
  return { mediaType, digest, size };
}
