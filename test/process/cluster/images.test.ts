import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Image, ociArchive } from '../../cluster/oci-image.ts';
import { run } from '../../cluster/run-program.ts';
import { type Entry, tar } from '../../cluster/tar.ts';

/** The machine's own tar is the judge of what we write. */
async function extract(archive: Buffer, path: string): Promise<string> {
  const outcome = await run(['tar', '-xO', path], { input: archive });
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return outcome.stdout;
}

describe('a tar archive', () => {
  it('the program tar lists an archive with the modes, owners, times and targets that were asked for', async () => {
    const archive = tar([
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: 'bin/tool', content: 'x'.repeat(513), mode: 0o755 },
      { kind: 'link', path: 'bin/sh', target: 'tool' },
      { kind: 'file', path: 'empty', content: '' },
    ]);
    const { stdout, code } = await run(['tar', '-tv', '--numeric-owner', '--utc', '--full-time'], { input: archive });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(code).toBe(0);
    expect(lines).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/',
      '-rwxr-xr-x 0/0 513 1970-01-01 00:00:00 bin/tool',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 bin/sh -> tool',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty',
    ]);
  });

  it('a tar archive has whole blocks for any content, and ends with two empty blocks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const archive = tar([{ kind: 'file', path: 'f', content: Buffer.from(bytes) }]);
        expect(archive.length % 512).toBe(0);
        expect(archive.subarray(512, 512 + bytes.length).equals(bytes)).toBe(true);
        expect(archive.subarray(-1024).every((byte) => byte === 0)).toBe(true);
      }),
    );
  });

  it('the tar writer refuses a path that would be cut off', () => {
    expect(() => tar([{ kind: 'directory', path: 'x'.repeat(100) }])).toThrow(/too long/);
  });
});

describe('an image archive', () => {
  const files: Entry[] = [{ kind: 'file', path: 'app', content: 'program', mode: 0o755 }];
  const images: Image[] = [
    { reference: 'docker.io/library/a:1', files, entrypoint: ['/app'] },
    { reference: 'docker.io/library/b:1', files, command: ['sh'], user: '1000', environment: ['PATH=/x'] },
  ];

  interface Blob {
    digest: string;
    size: number;
  }

  it('an image archive is the same to the byte each time', () => {
    expect(ociArchive(images, 'amd64').equals(ociArchive(images, 'amd64'))).toBe(true);
  });

  it('an image archive names every blob by its digest and size, and each image by its name', async () => {
    const archive = ociArchive(images, 'arm64');
    const index = JSON.parse(await extract(archive, 'index.json')) as {
      manifests: (Blob & { annotations: Record<string, string> })[];
    };
    expect(index.manifests.map(({ annotations }) => annotations['io.containerd.image.name'])).toEqual([
      'docker.io/library/a:1',
      'docker.io/library/b:1',
    ]);
    const read = async ({ digest, size }: Blob) => {
      const text = await extract(archive, `blobs/sha256/${digest.slice('sha256:'.length)}`);
      expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(digest);
      expect(text.length).toBe(size);
      return text;
    };
    const layers = new Set<string>();
    const configs: unknown[] = [];
    for (const manifest of index.manifests) {
      const { config, layers: own } = JSON.parse(await read(manifest)) as { config: Blob; layers: Blob[] };
      for (const layer of own) layers.add(await read(layer));
      configs.push(JSON.parse(await read(config)));
    }
    // Equal files, one layer.
    expect(layers.size).toBe(1);
    expect(configs).toMatchObject([
      { architecture: 'arm64', config: { Entrypoint: ['/app'] } },
      { config: { Cmd: ['sh'], User: '1000', Env: ['PATH=/x'] } },
    ]);
  });
});
