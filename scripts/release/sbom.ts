import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../test/cluster/run-program.ts';
import { sha256 } from './oci-layout.ts';
import type { Commit } from './repository.ts';

/** A bill of materials in both formats, as text. */
export interface Sboms {
  /** SPDX 2.3 as JSON. */
  readonly spdx: string;
  /** CycloneDX 1.5 as JSON. */
  readonly cyclonedx: string;
}

/**
 * The packages from npm that the operator and the plugin are bundled of, from package-lock.json, as npm itself writes
 * it. What npm makes up anew each time (time, serial number) follows from the commit instead.
 * @param scratch a folder for npm to work in @throws Error with npm's words
 */
export async function makeSboms(root: string, commit: Commit, scratch: string): Promise<Sboms> {
  const folder = withoutDevelopment(root, scratch);
  const [spdx, cyclonedx] = (await Promise.all([npmSbom(folder, 'spdx'), npmSbom(folder, 'cyclonedx')])) as [
    Spdx,
    CycloneDx,
  ];
  const created = new Date(commit.seconds * 1000).toISOString();
  const namespace = `http://spdx.org/spdxdocs/${spdx.name.replace('@', '-')}-${uuidOf(`spdx ${commit.id}`)}`;
  return {
    spdx: json({ ...spdx, documentNamespace: namespace, creationInfo: { ...spdx.creationInfo, created } }),
    cyclonedx: json({
      ...cyclonedx,
      serialNumber: `urn:uuid:${uuidOf(`cyclonedx ${commit.id}`)}`,
      metadata: { ...cyclonedx.metadata, timestamp: created },
    }),
  };
}

/**
 * Copies package.json and the lock without what is for development alone. `npm sbom --omit=dev` (npm 11.19) also
 * leaves out packages that both the operator and its tests need, such as ws.
 * @returns a folder of the package's name, which npm takes for the name in CycloneDX
 */
function withoutDevelopment(root: string, scratch: string): string {
  const folder = join(scratch, 'sbom', 'debugsession');
  mkdirSync(folder, { recursive: true });
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(root, name), 'utf8')) as T;
  const write = (name: string, value: unknown): void => writeFileSync(join(folder, name), JSON.stringify(value));
  const lock = read<{ packages: Record<string, { dev?: boolean; devDependencies?: object }> }>('package-lock.json');
  const packages = Object.entries(lock.packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, entry]) => [path, { ...entry, devDependencies: undefined }]);
  write('package.json', { ...read<object>('package.json'), devDependencies: undefined });
  write('package-lock.json', { ...lock, packages: Object.fromEntries(packages) as object });
  return folder;
}

interface Spdx {
  name: string;
  creationInfo: object;
}

interface CycloneDx {
  metadata: object;
}

async function npmSbom(folder: string, format: string): Promise<unknown> {
  const options = [`--sbom-format=${format}`, '--sbom-type=application', '--package-lock-only'];
  return JSON.parse(await mustRun(['npm', 'sbom', ...options], { cwd: folder }));
}

/** A UUID of version 8, whose bits are the maker's own (RFC 9562). */
export function uuidOf(text: string): string {
  const hex = sha256(text);
  const variant = ((parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
