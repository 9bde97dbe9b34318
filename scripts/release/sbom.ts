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
 * it. What npm makes up anew each time (time, serial number, the folder's name) follows from the commit instead.
 * @throws Error with npm's words
 */
export async function makeSboms(root: string, commit: Commit): Promise<Sboms> {
  const [spdx, cyclonedx] = (await Promise.all([npmSbom(root, 'spdx'), npmSbom(root, 'cyclonedx')])) as [
    Spdx,
    CycloneDx,
  ];
  const created = new Date(commit.seconds * 1000).toISOString();
  const version = spdx.name.split('@').at(-1) ?? '';
  return {
    spdx: json({
      ...spdx,
      documentNamespace: `http://spdx.org/spdxdocs/debugsession-${version}-${uuidOf(`spdx ${commit.id}`)}`,
      creationInfo: { ...spdx.creationInfo, created },
    }),
    cyclonedx: json({
      ...cyclonedx,
      serialNumber: `urn:uuid:${uuidOf(`cyclonedx ${commit.id}`)}`,
      metadata: {
        ...cyclonedx.metadata,
        timestamp: created,
        component: { ...cyclonedx.metadata.component, name: 'debugsession' },
      },
    }),
  };
}

interface Spdx {
  name: string;
  creationInfo: object;
}

interface CycloneDx {
  metadata: { component: object };
}

async function npmSbom(root: string, format: string): Promise<unknown> {
  const options = [`--sbom-format=${format}`, '--sbom-type=application', '--omit=dev', '--package-lock-only'];
  return JSON.parse(await mustRun(['npm', 'sbom', ...options], { cwd: root }));
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
