import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Descriptor } from '../../../scripts/release/oci-layout.ts';
import { sha256 } from '../../../scripts/release/oci-layout.ts';
import { mustRun } from '../../cluster/run-program.ts';

interface Manifest {
  readonly annotations?: Record<string, string>;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An archive in OCI image layout, unpacked by tar. */
export class OciArchive {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(file: string): Promise<OciArchive> {
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-oci-'));
    await mustRun(['tar', '-xf', file, '-C', folder]);
    return new OciArchive(folder);
  }

  /** What the archive is about. */
  get about(): readonly Descriptor[] {
    return (JSON.parse(readFileSync(join(this.#folder, 'index.json'), 'utf8')) as { manifests: Descriptor[] })
      .manifests;
  }

  /** @throws Error if the content is not what its digest says */
  blob({ digest, size }: Descriptor): Buffer {
    const content = readFileSync(this.pathOf(digest));
    if (`sha256:${sha256(content)}` !== digest || content.length !== size) throw new Error(`${digest} is another`);
    return content;
  }

  json<T>(descriptor: Descriptor): T {
    return JSON.parse(this.blob(descriptor).toString()) as T;
  }

  manifest(descriptor: Descriptor): Manifest {
    return this.json<Manifest>(descriptor);
  }

  pathOf(digest: string): string {
    return join(this.#folder, 'blobs', 'sha256', digest.replace('sha256:', ''));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
