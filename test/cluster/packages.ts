import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from './progress.ts';
import { mustRun, run } from './run-program.ts';

/** A package, and how to tell that what is needed of it is there, whoever put it there. */
export interface DebianPackage {
  readonly name: string;
  readonly isThere: () => boolean;
}

/** Folders that root's programs lie in; not everybody's PATH has them. */
export const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What the cluster itself needs. */
const clusterPackages: readonly DebianPackage[] = [
  { name: 'runc', isThere: () => hasProgram('runc') },
  {
    name: 'containernetworking-plugins',
    isThere: () => existsSync('/usr/lib/cni/ptp') && existsSync('/usr/lib/cni/host-local'),
  },
  { name: 'iptables', isThere: () => hasProgram('iptables') },
  { name: 'iproute2', isThere: () => hasProgram('ip') },
  { name: 'openssl', isThere: () => hasProgram('openssl') },
  { name: 'util-linux', isThere: () => hasProgram('nsenter') },
  { name: 'mount', isThere: () => hasProgram('umount') },
  // The shells of the test images. The package `busybox` has the same /bin/busybox, but not a static one.
  { name: 'busybox-static', isThere: () => existsSync('/var/lib/dpkg/info/busybox-static.list') },
  { name: 'dash', isThere: () => existsSync('/bin/dash') },
  { name: 'bash', isThere: () => existsSync('/bin/bash') },
];

/**
 * Installs the Debian packages that are missing.
 * @throws Error, one line that says what to install, where that cannot be done.
 */
export async function ensurePackages(
  progress: Progress,
  wanted: readonly DebianPackage[] = clusterPackages,
  userId: number | undefined = process.getuid?.(),
): Promise<void> {
  const missing = wanted.filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (missing.length === 0) return;
  const words = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (userId !== 0 || !hasProgram('apt-get')) {
    throw new Error(`some programs are missing; on Debian or Ubuntu install them with: ${words}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing];
  await progress.during(`installing ${missing.join(', ')} with apt-get`, async () => {
    if (hasPackageLists()) {
      const outcome = await run(install, { env });
      if (outcome.code === 0) return;
    }
    // No lists, or lists that name versions which are gone by now.
    await mustRun(['apt-get', 'update', '-qq'], { env });
    await mustRun(install, { env });
  });
}

function hasPackageLists(): boolean {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((file) => file.includes('_Packages'));
}

export function hasProgram(name: string): boolean {
  return systemPath.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
