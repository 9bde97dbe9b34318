import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildahBuild, buildahPackage, buildahPush } from '../../../scripts/image.ts';
import type { ClusterNode } from '../../cluster/cluster.ts';
import { buildNodeBase } from '../../cluster/images.ts';
import { ensurePackages } from '../../cluster/packages.ts';
import { silent } from '../../cluster/progress.ts';
import { mustRun } from '../../cluster/run-program.ts';
import { repositoryPath } from '../documents/crd.ts';

const NAME = 'localhost/debugsession-operator';

/** What the build stage hands to the last one. */
const BUILT = ['package.json', 'main.js', 'main.js.LEGAL.txt', 'node-stop.js', 'node-stop.js.LEGAL.txt', 'cri.proto'];

/**
 * Builds the final stage of the Dockerfile and loads it into the cluster, with no registry: the base is the Node that
 * runs this, and the build stage is replaced by what its last line has made here, see prepareCluster(). Nothing of it
 * stays behind on the machine.
 * @returns the full reference. Its tag says what went in: what the node has already is not made again.
 */
export async function ensureOperatorImage(node: ClusterNode): Promise<string> {
  const image = `${NAME}:${contentTag()}`;
  const there = await node.ctr(['images', 'ls', '--quiet', `name==${image}`]);
  if (there.stdout.trim() === '') await buildAndLoad(node, image);
  return image;
}

function contentTag(): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of ['Dockerfile', 'LICENSE', ...BUILT.map((name) => `dist/${name}`)])
    hash.update(readFileSync(repositoryPath(file)));
  return hash.digest('hex').slice(0, 16);
}

async function buildAndLoad(node: ClusterNode, image: string): Promise<void> {
  await ensurePackages(silent, [buildahPackage]);
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-image-'));
  try {
    await node.loadImage(await build(folder, image));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // Nobody else collects them on this node: its kubelet lets images lie until the disk is full.
  const all = (await node.ctr(['images', 'ls', '--quiet', `name~="^${NAME}:"`])).stdout.split('\n');
  const old = all.filter((name) => name !== '' && name !== image);
  if (old.length > 0) await node.ctr(['images', 'rm', ...old]);
}

/** @returns an archive in this folder */
async function build(folder: string, image: string): Promise<string> {
  const stage = join(folder, 'build');
  mkdirSync(join(stage, 'src', 'dist'), { recursive: true });
  for (const file of BUILT) copyFileSync(repositoryPath(`dist/${file}`), join(stage, 'src', 'dist', file));
  const base = join(folder, 'base.tar');
  writeFileSync(base, await buildNodeBase());
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  // A build context with the name of a stage takes its place.
  const options = [`--build-context=build=${stage}`, `--build-arg=BASE=oci-archive:${base}`];
  await mustRun(buildahBuild(image, { storage, options }));
  const archive = join(folder, 'image.tar');
  await mustRun(buildahPush(image, storage, `docker-archive:${archive}:${image}`));
  return archive;
}
