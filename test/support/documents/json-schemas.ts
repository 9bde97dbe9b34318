import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { DEFAULT_MINOR, kubernetesModule } from '../../cluster/kubernetes-version.ts';
import { mustRun } from '../../cluster/run-program.ts';
import { repositoryPath } from './crd.ts';
import { fetchDefinitions } from './prometheus-operator/resources.ts';

// The schemas that kubeconform reads, made of what Kubernetes and the custom resources say: its own are a download.

type Json = Readonly<Record<string, unknown>>;

/** The name of a schema's file, for kubeconform's option `-schema-location`. */
export const LOCATION = '{{.ResourceKind}}{{.KindSuffix}}.json';

/** Writes a schema for each kind of Kubernetes, of ours and of the Prometheus operator's into a folder. */
export async function writeJsonSchemas(folder: string): Promise<void> {
  const definitions = await kubernetesDefinitions();
  for (const definition of Object.values(definitions)) {
    const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as {
      group: string;
      version: string;
      kind: string;
    }[];
    for (const { group, version, kind } of kinds)
      write(folder, { group, version, kind }, { ...definition, definitions: reachable(definition, definitions) });
  }
  const crds = [repositoryPath('crds'), await fetchDefinitions()].flatMap((from) =>
    readdirSync(from)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => parse(readFileSync(join(from, name), 'utf8')) as Crd),
  );
  for (const { spec } of crds.filter((crd) => crd.kind === 'CustomResourceDefinition'))
    for (const { name, schema } of spec.versions)
      write(folder, { group: spec.group, version: name, kind: spec.names.kind }, ofCrd(schema.openAPIV3Schema));
}

interface Crd {
  kind: string;
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Json } }[] };
}

function write(
  folder: string,
  { group, version, kind }: Record<'group' | 'version' | 'kind', string>,
  schema: Json,
): void {
  writeFileSync(
    join(folder, [kind.toLowerCase(), ...group.split('.').slice(0, 1), version].filter(Boolean).join('-') + '.json'),
    JSON.stringify(closed(schema)),
  );
}

/** The OpenAPI document in the Go module of the Kubernetes that the tests run on. */
async function kubernetesDefinitions(): Promise<Record<string, Json>> {
  const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const options = { cwd: kubernetesModule(DEFAULT_MINOR), env };
  const answer = await mustRun(['go', 'mod', 'download', '-json', 'k8s.io/kubernetes'], options);
  const { Dir } = JSON.parse(answer) as { Dir: string };
  const text = readFileSync(join(Dir, 'api/openapi-spec/swagger.json'), 'utf8');
  return (JSON.parse(text) as { definitions: Record<string, Json> }).definitions;
}

/** What a schema refers to, and what that refers to. */
function reachable(schema: Json, all: Record<string, Json>): Record<string, Json> {
  const found: Record<string, Json> = {};
  const look = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) {
      const definition = all[name];
      if (definition === undefined || name in found) continue;
      found[name] = definition;
      look(JSON.stringify(definition));
    }
  };
  look(JSON.stringify(schema));
  return found;
}

/** Custom resources have these fields of every object without saying so. */
function ofCrd(schema: Json): Json {
  const properties = { apiVersion: { type: 'string' }, kind: { type: 'string' }, ...(schema['properties'] as object) };
  return { ...schema, properties: { ...properties, metadata: { type: 'object' } } };
}

/** Refuses fields that are not named, as strict validation does, and puts OpenAPI's own words into JSON Schema's. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const schema = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  if (schema['format'] === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true)
    return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  const open = schema['additionalProperties'] !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const hasFields = schema['type'] === 'object' && typeof schema['properties'] === 'object';
  return hasFields && !open ? { ...schema, additionalProperties: false } : schema;
}
