import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildNodeBase } from '../../test/cluster/images.ts';
import { packagedNodeBase } from './packaged-node-base.ts';
import { sha256 } from './oci-layout.ts';

/** In Go's words. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What the operator's image is built on. */
export interface Base {
  readonly name: string;
  /** Hexadecimal SHA-256 that stands for all architectures. */
  readonly sha256: string;
  /** As `FROM` of buildah takes it. */
  readonly from: Readonly<Record<Architecture, string>>;
}

/**
 * `registry`: the base image that the Dockerfile names. `local`: a stand-in, to try a release where no registry can be
 * reached. `auto`: the first if its registry answers, else the second.
 */
export type BaseChoice = 'auto' | 'local' | 'registry';

/** @param folder for the stand-in's archives @throws Error with the words of npm or apt-get */
export async function chooseBase(choice: BaseChoice, root: string, folder: string): Promise<Base> {
  const { name, digest } = baseOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  const registry = name.split('/')[0] ?? '';
  if (choice === 'registry' || (choice === 'auto' && (await answers(registry)))) {
    const from = `${name}@sha256:${digest}`;
    return { name, sha256: digest, from: { amd64: from, arm64: from } };
  }
  return localBase(folder);
}

/** The default of the Dockerfile's argument BASE. @throws Error if it is not pinned */
export function baseOf(dockerfile: string): { name: string; digest: string } {
  const [, name, digest] = /^ARG BASE=(\S+)@sha256:([0-9a-f]{64})$/m.exec(dockerfile) ?? [];
  if (name === undefined || digest === undefined) throw new Error('the Dockerfile names no BASE with a digest');
  return { name, digest };
}

/** True for any answer: one that asks for a login is a registry too. */
async function answers(registry: string): Promise<boolean> {
  try {
    await fetch(`https://${registry}/v2/`, { signal: AbortSignal.timeout(10_000) });
    return true;
  } catch {
    return false;
  }
}

async function localBase(folder: string): Promise<Base> {
  mkdirSync(folder, { recursive: true });
  const own: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const from: Record<Architecture, string> = { amd64: '', arm64: '' };
  const digests: string[] = [];
  for (const architecture of ARCHITECTURES) {
    const archive = architecture === own ? await buildNodeBase() : await packagedNodeBase(architecture, folder);
    const file = join(folder, `base-${architecture}.tar`);
    writeFileSync(file, archive);
    from[architecture] = `oci-archive:${file}`;
    digests.push(sha256(archive));
  }
  return { name: 'localhost/node-base:local', sha256: sha256(digests.join()), from };
}
