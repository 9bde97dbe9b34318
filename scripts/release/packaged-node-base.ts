import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociArchive } from '../../test/cluster/oci-image.ts';
import { mustRun } from '../../test/cluster/run-program.ts';
import type { Entry } from '../../test/cluster/tar.ts';
import type { Architecture } from './base-image.ts';

const ARCHITECTURES = {
  amd64: { npm: 'x64', triplet: 'x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { npm: 'arm64', triplet: 'aarch64-linux-gnu', loader: 'lib/ld-linux-aarch64.so.1' },
} as const;

/** Debian's packages with what Node is linked to, and the files of them that it needs. */
const LIBRARIES = {
  libc6: ['lib', ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']],
  'libgcc-s1': ['lib', ['libgcc_s.so.1']],
  'libstdc++6': ['usr/lib', ['libstdc++.so.6']],
} as const;

/**
 * What the Dockerfile wants of its base, for a processor that this machine has not: Node from npm and its libraries
 * from Debian are unpacked, and nothing of them runs.
 * @param folder keeps what is fetched @returns an archive that `FROM oci-archive:FILE` of buildah takes
 * @throws Error with the words of npm or apt-get
 */
export async function packagedNodeBase(architecture: Architecture, folder: string): Promise<Buffer> {
  const { npm, triplet, loader } = ARCHITECTURES[architecture];
  const unpacked = join(folder, `unpacked-${architecture}`);
  mkdirSync(unpacked, { recursive: true });
  await unpackNode(`node-linux-${npm}@${process.versions.node}`, unpacked);
  await unpackLibraries(architecture, unpacked);
  const content = (path: string): Buffer => readFileSync(join(unpacked, path));
  const libraries = Object.values(LIBRARIES).flatMap(([lib, names]) =>
    names.map((name): Entry => executable(`lib/${triplet}/${name}`, content(`${lib}/${triplet}/${name}`))),
  );
  const folders = ['tmp', 'nodejs', 'nodejs/bin', 'lib', 'lib64', `lib/${triplet}`];
  const files: Entry[] = [
    ...folders.map((path): Entry => ({ kind: 'directory', path })),
    ...libraries,
    executable(loader, content(loader)),
    executable('nodejs/bin/node', content('package/bin/node')),
  ];
  const image = { reference: 'localhost/node-base:local', files, entrypoint: ['/nodejs/bin/node'], user: '65532' };
  return ociArchive([image], architecture);
}

async function unpackNode(name: string, folder: string): Promise<void> {
  // npm checks the package against the checksum that the registry has for it.
  const packed = await mustRun(['npm', 'pack', name, '--silent', '--pack-destination', folder], {
    cwd: folder,
    timeoutMs: 300_000,
  });
  const file = packed.trim().split('\n').at(-1) ?? '';
  await mustRun(['tar', '-xzf', join(folder, file), '-C', folder, 'package/bin/node'], { timeoutMs: 120_000 });
}

/** With lists of its own: apt-get's settings on this machine stay as they are. */
async function unpackLibraries(architecture: Architecture, folder: string): Promise<void> {
  const state = join(folder, 'apt');
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(state, name), { recursive: true });
  writeFileSync(join(state, 'status'), '');
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const aptGet = (...args: string[]): Promise<string> =>
    mustRun(['apt-get', '-qq', ...options, ...args], { cwd: state, timeoutMs: 300_000 });
  await aptGet('update');
  for (const name of Object.keys(LIBRARIES)) {
    const uris = await aptGet('download', '--print-uris', name);
    await aptGet('download', name);
    // 'http://... libc6_2.36-9_arm64.deb 2325 SHA256:...'
    const file = uris.split(' ')[1] ?? '';
    await mustRun(['dpkg-deb', '--extract', join(state, file), folder]);
  }
}

function executable(path: string, content: Buffer): Entry {
  return { kind: 'file', path, mode: 0o755, content };
}
