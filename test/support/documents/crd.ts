import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The part of a CRD's OpenAPI schema that the tests look at. */
export interface Schema {
  type: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  maxLength?: number;
  maxItems?: number;
  format?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-validations'?: Rule[];
}

/** A CEL rule. `fieldPath` is relative to the schema that it stands in. */
export interface Rule {
  rule: string;
  fieldPath?: string;
  message?: string;
  messageExpression?: string;
}

interface CustomResourceDefinition {
  spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

/** Absolute path of a file of the repository. */
export function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** The schema of DebugSession as crds/ has it. */
export function debugSessionSchema(): Schema {
  return schemaOf('debugsessions');
}

/** The schema of DebugPolicy as crds/ has it. */
export function debugPolicySchema(): Schema {
  return schemaOf('debugpolicies');
}

/** The schema of DebugApproval as crds/ has it. */
export function debugApprovalSchema(): Schema {
  return schemaOf('debugapprovals');
}

function schemaOf(plural: string): Schema {
  const text = readFileSync(repositoryPath(`crds/${plural}.debugsession.dev.yaml`), 'utf8');
  const crd = parse(text) as CustomResourceDefinition;
  const version = crd.spec.versions[0];
  if (version === undefined) throw new Error(`the CRD of ${plural} has no version`);
  return version.schema.openAPIV3Schema;
}

/**
 * Calls `visit` with every field below a schema and its path (`spec.env[].name`), items of arrays and values of maps
 * (`{}`) included.
 */
export function walkSchema(schema: Schema, visit: (path: string, field: Schema) => void, path = ''): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const fieldPath = path === '' ? name : `${path}.${name}`;
    visit(fieldPath, field);
    walkSchema(field, visit, fieldPath);
  }
  for (const [mark, inner] of [
    ['[]', schema.items],
    ['{}', schema.additionalProperties],
  ] as const) {
    if (inner === undefined) continue;
    visit(`${path}${mark}`, inner);
    walkSchema(inner, visit, `${path}${mark}`);
  }
}
