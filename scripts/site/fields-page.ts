// The page with every field of a custom resource, from its schema: type, default, what is checked, description.

/** What the page reads of a CustomResourceDefinition. */
export interface Crd {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** What the page reads of an OpenAPI schema as Kubernetes takes it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message?: string }[];
}

/** The Markdown of the page. @param handwritten the page that explains the same fields, relative to this one */
export function fieldsPage(crd: Crd, handwritten: string): string {
  const { kind } = crd.spec.names;
  const [version] = crd.spec.versions;
  if (version === undefined) throw new Error(`${kind} has no version`);
  const { openAPIV3Schema: root } = version.schema;
  const lines = [
    `# Fields of ${kind}`,
    `Every field of \`${kind}\` in \`debugsession.dev/${version.name}\`, with what the API server checks. ` +
      `[${kind}](${handwritten}) explains them with examples.`,
  ];
  for (const part of ['spec', 'status']) {
    const schema = root.properties?.[part];
    if (schema === undefined) continue;
    lines.push(`## \`${part}\``, ...about(schema, false), ...rulesOf(schema));
    for (const [name, field] of Object.entries(schema.properties ?? {}))
      lines.push(...section(`${part}.${name}`, field, schema.required?.includes(name) ?? false));
  }
  const rules = rulesOf(root);
  if (rules.length > 0) lines.push('## The whole object', ...rules);
  return `---\noutline: [2, 3]\n---\n${lines.join('\n\n')}\n`;
}

/** One heading for a field directly below spec or status, and those below it in its section. */
function section(path: string, schema: Schema, isRequired: boolean): string[] {
  const lines = [`### \`${path}\``, ...about(schema, isRequired), ...rulesOf(schema)];
  for (const [below, field, required] of fieldsBelow(path, schema))
    lines.push(`#### \`${below}\``, ...about(field, required), ...rulesOf(field));
  return lines;
}

/** All fields below one, each with its path and whether it is required. */
function fieldsBelow(path: string, schema: Schema): [string, Schema, boolean][] {
  if (schema.items !== undefined) return fieldsBelow(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === 'object') return fieldsBelow(`${path}.*`, schema.additionalProperties);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const below = `${path}.${name}`;
    return [[below, field, schema.required?.includes(name) ?? false], ...fieldsBelow(below, field)];
  });
}

function about(schema: Schema, isRequired: boolean): string[] {
  const facts = [typeOf(schema), ...(isRequired ? ['required'] : []), ...bounds(schema)];
  if (schema.default !== undefined) facts.push(`default \`${JSON.stringify(schema.default)}\``);
  const words = schema.enum?.map((value) => `\`${String(value)}\``).join(', ');
  if (words !== undefined) facts.push(`one of ${words}`);
  const pattern = schema.pattern ?? schema.items?.pattern;
  if (pattern !== undefined) facts.push(`pattern \`${pattern}\``);
  return [facts.join(' · '), ...(schema.description === undefined ? [] : [escaped(schema.description)])];
}

function typeOf(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'number or string';
  if (schema.type === 'array') {
    const keys = schema['x-kubernetes-list-map-keys'];
    const unique = keys === undefined ? '' : `, each \`${keys.join('`, `')}\` once`;
    const isSet = schema['x-kubernetes-list-type'] === 'set';
    return `list of ${typeOf(schema.items ?? {})}${isSet ? ', each once' : unique}`;
  }
  if (typeof schema.additionalProperties === 'object') return `map of ${typeOf(schema.additionalProperties)}`;
  return `${schema.type ?? 'any value'}${schema.format === undefined ? '' : ` (${schema.format})`}`;
}

function bounds(schema: Schema): string[] {
  const range = (least: number | undefined, most: number | undefined, unit: string): string[] => {
    if (least === undefined && most === undefined) return [];
    if (least === undefined) return [`at most ${most}${unit}`];
    return [most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`];
  };
  return [
    ...range(schema.minimum, schema.maximum, ''),
    ...range(schema.minLength, schema.maxLength, ' characters'),
    ...range(schema.minItems, schema.maxItems, ' items'),
    ...range(schema.minProperties, schema.maxProperties, ' entries'),
  ];
}

function rulesOf(schema: Schema): string[] {
  const rules = [...(schema['x-kubernetes-validations'] ?? []), ...(schema.items?.['x-kubernetes-validations'] ?? [])];
  if (rules.length === 0) return [];
  const lines = rules.map(({ rule, message }) => `- ${message === undefined ? `\`${rule}\`` : escaped(message)}`);
  return ['The API server checks:', lines.join('\n')];
}

/** A description is text: nothing in it is Markdown. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>{}|]/g, '\\$&').replace(/\s+/g, ' ');
}
