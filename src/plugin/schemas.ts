import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ResourceSchemas } from '../cli/policy-input.ts';
import type { Schema } from '../cli/schema-findings.ts';

/** The CRDs as text. Put in by the build (scripts/plugin.ts); from the sources there is no such name. */
declare const EMBEDDED_CRDS: Record<string, string>;

const PLURALS = ['debugpolicies', 'debugsessions'] as const;

/** The CRDs of this repository, by their plural. */
export function readCrds(): Record<string, string> {
  const fileOf = (plural: string): URL => new URL(`../../crds/${plural}.debugsession.dev.yaml`, import.meta.url);
  return Object.fromEntries(PLURALS.map((plural) => [plural, readFileSync(fileOf(plural), 'utf8')]));
}

/** The schemas of this build's own CRDs. */
export function ownSchemas(): ResourceSchemas {
  const crds = typeof EMBEDDED_CRDS === 'undefined' ? readCrds() : EMBEDDED_CRDS;
  return { policy: schemaOf(crds, 'debugpolicies'), session: schemaOf(crds, 'debugsessions') };
}

function schemaOf(crds: Record<string, string>, plural: (typeof PLURALS)[number]): Schema {
  const crd = parse(crds[plural] ?? '') as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } };
  const [version] = crd.spec.versions;
  if (version === undefined) throw new Error(`the CRD of ${plural} has no version`);
  return version.schema.openAPIV3Schema;
}
