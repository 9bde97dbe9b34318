import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram } from '../cluster/packages.ts';
import { mustRun } from '../cluster/run-program.ts';

/** The engine is built for this version of the GNU C library or newer. Debian 12 has 2.36. */
const NEEDED = 2.38;
/** The release of Debian that its C library is taken from, for an older system. */
const RELEASE = 'trixie';
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** How Node is started so that the engine can be loaded: what stands before the path of node. */
export async function loaderFor(cache: string): Promise<string[]> {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (Number.parseFloat(header.glibcVersionRuntime ?? '0') >= NEEDED) return [];
  if (process.arch !== 'x64' || !hasProgram('apt-get') || !existsSync(KEYRING)) {
    throw new Error(`the engine needs the GNU C library ${NEEDED} or newer; here is ${header.glibcVersionRuntime}`);
  }
  const library = join(cache, `c-library-${RELEASE}`);
  if (!existsSync(library)) await fetch(library);
  const folder = join(library, 'usr', 'lib', 'x86_64-linux-gnu');
  return [join(folder, 'ld-linux-x86-64.so.2'), '--library-path', folder];
}

/** By apt, which checks the signatures, with lists of its own: the system's packages stay as they are. */
async function fetch(target: string): Promise<void> {
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(fresh, folder), { recursive: true });
  const sources = join(fresh, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${mirror()} ${RELEASE} main\n`);
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${fresh}/lists`,
    `Dir::Cache=${fresh}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await mustRun(['apt-get', ...options, 'update', '-qq']);
  await mustRun(['apt-get', ...options, 'download', '-qq', ...PACKAGES.map((name) => `${name}/${RELEASE}`)], {
    cwd: fresh,
  });
  await mustRun(
    ['sh', '-c', 'for package in *.deb; do dpkg -x "$package" .; done; rm -rf *.deb lists archives *.bin'],
    {
      cwd: fresh,
    },
  );
  renameSync(fresh, target);
}

/** Where this system's own packages come from. */
function mirror(): string {
  const files = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'].filter((file) => existsSync(file));
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  return /^(?:deb|URIs:)\s.*?(https?:\/\/\S+\/debian)\/?(?=\s|$)/m.exec(text)?.[1] ?? 'http://deb.debian.org/debian';
}
