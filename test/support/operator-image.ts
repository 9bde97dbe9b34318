import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../scripts/build.ts';
import { buildahBuild, buildahPackage, buildahPush } from '../../scripts/image.ts';
import type { ClusterNode } from '../cluster/cluster.ts';
import { buildNodeBase } from '../cluster/images.ts';
import { ensurePackages } from '../cluster/packages.ts';
import { silent } from '../cluster/progress.ts';
import { mustRun } from '../cluster/run-program.ts';

/**
 * Builds the final stage of the Dockerfile and loads it into the cluster, with no registry: the base is the Node that runs this, and the
 * build stage is replaced by what its last line makes, run here. Nothing of it stays behind on the machine.
 * @param image full reference, such as localhost/debugsession-operator:e2e
 */
export async function loadOperatorImage(node: ClusterNode, image: string): Promise<void> {
  await ensurePackages(silent, [buildahPackage]);
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-image-'));
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const base = join(folder, 'base.tar');
  const stage = join(folder, 'build');
  const archive = join(folder, 'image.tar');
  try {
    await buildAll(join(stage, 'src', 'dist'));
    writeFileSync(base, await buildNodeBase());
    // A build context with the name of a stage takes its place.
    const options = [`--build-context=build=${stage}`, `--build-arg=BASE=oci-archive:${base}`];
    await mustRun(buildahBuild(image, { storage, options }));
    await mustRun(buildahPush(image, storage, `docker-archive:${archive}:${image}`));
    await node.loadImage(archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
