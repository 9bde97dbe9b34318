import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensurePackages, hasProgram, type DebianPackage } from '../test/cluster/packages.ts';
import { progressTo } from '../test/cluster/progress.ts';
import { runMain } from './run-main.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds images without a daemon. */
export const buildahPackage: DebianPackage = { name: 'buildah', isThere: () => hasProgram('buildah') };

/**
 * Works wherever a process runs, in a container or a small virtual machine too: it needs neither overlay mounts nor
 * namespaces.
 */
export const BUILDAH = ['buildah', '--storage-driver', 'vfs'];

/**
 * @param storage options of buildah that come before its command, such as `--root`
 * @param options of the build, such as `--build-arg`
 */
export function buildahBuild(
  image: string,
  { storage = [], options = [] }: { storage?: string[]; options?: string[] },
): string[] {
  return [...BUILDAH, ...storage, 'build', '--isolation', 'chroot', '--tag', image, ...options, root];
}

/** Copies an image out of buildah's storage, to a transport such as docker-archive:FILE:NAME. */
export function buildahPush(image: string, storage: string[], to: string): string[] {
  return [...BUILDAH, ...storage, 'push', image, to];
}

/** Docker answers only where its daemon runs; the program alone is no help. */
function dockerAnswers(): boolean {
  return spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/**
 * `node scripts/image.ts IMAGE [OPTION...]`: builds the image with docker or else with buildah, and says how to push
 * it.
 */
async function main([image, ...options]: string[]): Promise<number> {
  if (image === undefined) {
    process.stderr.write('usage: node scripts/image.ts IMAGE [--build-arg NAME=VALUE ...]\n');
    return 2;
  }
  const docker = dockerAnswers();
  if (!docker) await ensurePackages(progressTo(process.stderr), [buildahPackage]);
  const [program = '', ...args] = docker
    ? ['docker', 'build', '--tag', image, ...options, root]
    : buildahBuild(image, { options });
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) return status ?? 1;
  const push = docker ? `docker push ${image}` : buildahPush(image, [], `docker://${image}`).join(' ');
  process.stdout.write(`${image} is built; push it with: ${push}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runMain(main);
