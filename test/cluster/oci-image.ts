import { createHash } from 'node:crypto';
import { type Entry, tar } from './tar.ts';

/** An image of one layer. */
export interface Image {
  /** Full reference: docker.io/library/busybox:1.36. */
  readonly reference: string;
  readonly files: readonly Entry[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  /** As in a Dockerfile's USER; default root. */
  readonly user?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Record<string, string>;
}

/**
 * Writes images as one archive in OCI image layout, as `ctr images import` reads it. Pure: equal images give equal
 * bytes and digests. Layers are equal by content, so images with the same files share them. Specification:
 * opencontainers/image-spec, image-layout.md.
 * @param architecture in Go's words (amd64, arm64).
 */
export function ociArchive(images: readonly Image[], architecture: string): Buffer {
  const blobs = new Map<string, Buffer>();
  const add = (mediaType: string, content: Buffer): Descriptor => {
    const hex = createHash('sha256').update(content).digest('hex');
    blobs.set(hex, content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const manifests = images.map((image) => {
    const layer = add('application/vnd.oci.image.layer.v1.tar', tar(image.files));
    const config = add(
      'application/vnd.oci.image.config.v1+json',
      json(imageConfig(image, layer.digest, architecture)),
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = add(mediaType, json({ schemaVersion: 2, mediaType, config, layers: [layer] }));
    // containerd's own annotation: the name an imported image gets.
    return { ...manifest, annotations: { 'io.containerd.image.name': image.reference } };
  });
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
  return tar([
    { kind: 'file', path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { kind: 'file', path: 'index.json', content: json(index) },
    { kind: 'directory', path: 'blobs' },
    { kind: 'directory', path: 'blobs/sha256' },
    ...[...blobs].map(([hex, content]): Entry => ({ kind: 'file', path: `blobs/sha256/${hex}`, content })),
  ]);
}

function imageConfig(image: Image, layerDigest: string, architecture: string) {
  return {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: {
      ...(image.user === undefined ? {} : { User: image.user }),
      Env: image.environment ?? ['PATH=/bin'],
      ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
      ...(image.command === undefined ? {} : { Cmd: image.command }),
      WorkingDir: '/',
    },
    // An uncompressed layer is its own diff.
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
