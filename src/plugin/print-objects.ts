import type { Writable } from 'node:stream';

export type OutputFormat = 'yaml' | 'json' | 'name';

interface Named {
  metadata: { name?: string };
}

/** Prints one object for programs, in the ways of kubectl. */
export async function printObject(stdout: Writable, object: Named, format: OutputFormat): Promise<void> {
  if (format === 'name') stdout.write(`debugsession.debugsession.dev/${object.metadata.name ?? ''}\n`);
  else if (format === 'json') stdout.write(`${JSON.stringify(object, undefined, 4)}\n`);
  else stdout.write(await yamlOf(object));
}

/** Prints a list of them; as `json` and `yaml` a List, also where it is empty. */
export async function printObjects(stdout: Writable, items: readonly Named[], format: OutputFormat): Promise<void> {
  if (format === 'name') for (const item of items) await printObject(stdout, item, format);
  else await printObject(stdout, { apiVersion: 'v1', kind: 'List', items } as unknown as Named, format);
}

/** As YAML 1.1, which kubectl reads, and without anchors. */
async function yamlOf(object: object): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(object, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}
