import { readFileSync, realpathSync } from 'node:fs';
import * as names from './image-names.ts';
import { type Image, ociArchive } from './oci-image.ts';
import { mustRun } from './run-program.ts';
import type { Entry } from './tar.ts';

/** Go's word for this machine's processor. */
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

const userId = '1000';
const passwd = ['root:x:0:0:root:/root:/bin/sh', `app:x:${userId}:${userId}:app:/tmp:/bin/sh`, ''].join('\n');
const group = ['root:x:0:', `app:x:${userId}:`, ''].join('\n');
const shells = ['sh', 'ash', 'hush', 'bash', 'dash'];

/**
 * Makes every image of image-names.ts, with no registry and no container tool: from Debian's static busybox, its dash
 * and bash, and our own Go programs. @param program gives the path of a built program (app, pause). @returns an archive
 * for `ctr images import`.
 */
export async function buildImages(program: (name: string) => string): Promise<Buffer> {
  const pause: Image = {
    reference: names.pauseImage,
    files: [executable('pause', program('pause'))],
    entrypoint: ['/pause'],
  };
  const distroless: Image = {
    reference: names.distrolessImage,
    files: [
      ...folders('etc', 'etc/app', 'tmp'),
      { kind: 'file', path: 'etc/passwd', content: passwd },
      {
        kind: 'file',
        path: 'etc/app/config.yaml',
        content: 'greeting: hello from the shell-less application\nlisten: ":8080"\n',
      },
      executable('app', program('app')),
    ],
    entrypoint: ['/app'],
  };
  const applets = (await mustRun(['/bin/busybox', '--list'])).split('\n').filter(Boolean);
  const busybox: Image = {
    reference: names.busyboxImage,
    files: [...busyboxFiles(applets), foreign('foreign')],
    command: ['sh'],
  };
  const others = applets.filter((applet) => !shells.includes(applet));
  const dash = await shellFiles('dash');
  const bash = await shellFiles('bash');
  return ociArchive(
    [
      pause,
      distroless,
      { ...distroless, reference: names.nonrootImage, user: userId },
      busybox,
      { ...busybox, reference: names.nonrootDebugImage, user: userId },
      { reference: names.dashImage, files: [...busyboxFiles(others), ...dash], command: ['sh'] },
      { reference: names.bashImage, files: [...busyboxFiles(others), ...bash], command: ['sh'] },
      {
        reference: names.nosleepImage,
        files: [...busyboxFiles(others.filter((applet) => applet !== 'sleep' && applet !== 'date')), ...dash],
        command: ['sh'],
      },
      { reference: names.nolinksImage, files: busyboxFiles([]), command: ['/bin/busybox', 'sh'] },
      { reference: names.foreignImage, files: [...busyboxFiles(others), foreign('sh')], command: ['sh'] },
      { reference: names.hostileShellImage, files: [...busyboxFiles(others), hostileShell], command: ['sh'] },
    ],
    architecture,
  );
}

/** The first bytes of a program for AArch64, or for x86-64 where that is this machine's own. */
function foreign(name: string): Entry {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.set([2, 0, architecture === 'arm64' ? 0x3e : 0xb7, 0, 1], 16);
  return { kind: 'file', path: `bin/${name}`, mode: 0o755, content: header };
}

/** A supervisor's script is never run by it, so it keeps no time and refuses no start. */
const hostileShell: Entry = {
  kind: 'file',
  path: 'bin/sh',
  mode: 0o755,
  content: `#!/bin/busybox sh
[ $$ = 1 ] || exec /bin/busybox sh "$@"
trap 'exit 7' HUP
while :; do sleep .2; done
`,
};

/**
 * What the Dockerfile wants of its base, where no registry can be reached: Node as /nodejs/bin/node, its libraries, no
 * shell, not root's.
 * @param node a path; default the Node that runs this. @returns an archive that `FROM oci-archive:FILE` of buildah
 * takes.
 */
export async function buildNodeBase(node: string = process.execPath): Promise<Buffer> {
  const files = [...folders('tmp'), ...(await linkedFiles('nodejs/bin/node', node))];
  const image: Image = {
    reference: 'localhost/node-base:test',
    files,
    entrypoint: ['/nodejs/bin/node'],
    user: '65532',
  };
  return ociArchive([image], architecture);
}

function busyboxFiles(applets: readonly string[]): Entry[] {
  return [
    ...folders('bin', 'dev', 'etc', 'proc', 'root', 'sys'),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    { kind: 'file', path: 'etc/passwd', content: passwd },
    { kind: 'file', path: 'etc/group', content: group },
    executable('bin/busybox', '/bin/busybox'),
    ...applets
      .filter((applet) => applet !== 'busybox')
      .map((applet): Entry => ({ kind: 'link', path: `bin/${applet}`, target: 'busybox' })),
  ];
}

/** A shell of Debian's, and /bin/sh. */
async function shellFiles(shell: string): Promise<Entry[]> {
  return [...(await linkedFiles(`bin/${shell}`, `/bin/${shell}`)), { kind: 'link', path: 'bin/sh', target: shell }];
}

/** A program that is linked dynamically, at `path`, and the libraries it names. */
async function linkedFiles(path: string, source: string): Promise<Entry[]> {
  const libraries = [...(await mustRun(['ldd', source])).matchAll(/(\/\S+) \(0x/g)].map(([, library = '']) =>
    library.slice(1),
  );
  const needed = new Set([...libraries, path].flatMap(parents));
  return [
    ...folders(...needed),
    ...libraries.map((library) => executable(library, `/${library}`)),
    executable(path, source),
  ];
}

/** a/b/c -> a, a/b. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function folders(...paths: string[]): Entry[] {
  return paths.map((path) => ({ kind: 'directory', path }));
}

function executable(path: string, source: string): Entry {
  return { kind: 'file', path, mode: 0o755, content: readFileSync(realpathSync(source)) };
}
