import { createHash } from 'node:crypto';
import { type Entry, tar } from '../../test/cluster/tar.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The blobs of a layout, by their digests. */
export interface Blobs {
  add(mediaType: string, content: Buffer): Descriptor;
  addJson(mediaType: string, value: unknown): Descriptor;
}

export const INDEX = 'application/vnd.oci.image.index.v1+json';

/**
 * One archive in OCI image layout with one thing in it. Pure: equal blobs give equal bytes.
 * @param fill adds the blobs and says which of them the archive is about
 */
export function ociLayout(fill: (blobs: Blobs) => Descriptor): Buffer {
  const contents = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const digest = sha256(content);
    contents.set(digest, content);
    return { mediaType, digest: `sha256:${digest}`, size: content.length };
  };
  const addJson = (mediaType: string, value: unknown): Descriptor => add(mediaType, Buffer.from(JSON.stringify(value)));
  const about = fill({ add, addJson });
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [about] };
  return tar([
    { kind: 'file', path: 'oci-layout', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { kind: 'file', path: 'index.json', content: JSON.stringify(index) },
    { kind: 'directory', path: 'blobs' },
    { kind: 'directory', path: 'blobs/sha256' },
    ...[...contents]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([digest, content]): Entry => ({ kind: 'file', path: `blobs/sha256/${digest}`, content })),
  ]);
}

/** In hexadecimal. */
export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
