import { type Check, checked } from './check.ts';
import type { Facts, Schema } from './facts.ts';
import { unreadWords } from './reading.ts';
import { ownerOf } from './running-operator.ts';

/** Whether the resources are there, and whether they have every field that this plugin knows. */
export function checkInstallation(facts: Facts, own: Readonly<Record<string, Schema>>, version: string): Check {
  const { schemas } = facts;
  const check = checked('resources');
  if (schemas.kind === 'absent')
    return check.broken(
      'DebugSession is not installed: the API server does not serve debugsession.dev/v1alpha1',
      'ask the administrators of the cluster to install it (docs/install.md)',
    );
  if (schemas.kind !== 'read') return check.unknown(unreadWords(schemas, 'the schema of debugsession.dev'));
  const missing = Object.entries(own).flatMap(([kind, schema]) =>
    missingFields(schema, schemas.value[kind] ?? {}).map((field) => `${kind} ${field}`),
  );
  if (missing.length === 0) return check.ok('debugsession.dev/v1alpha1 is served, with all fields of this plugin');
  const lack = `and lack: ${missing.join(', ')}`;
  if (ownerOf(facts, version) === 'the operator')
    return check.broken(
      `the resources are older than the operator (${version}), ${lack}. The API server drops what the operator writes there`,
      'kubectl apply --server-side -k config/crd, of the version of the operator (docs/upgrading)',
    );
  return check.warning(
    `the resources are older than this plugin, ${lack}. A session that sets such a field is refused`,
    'kubectl apply --server-side -k config/crd, of the version of this plugin; or use an older plugin',
  );
}

/** Paths of the fields that `own` has and `found` does not; of a field that is missing as a whole, that one alone. */
function missingFields(own: Schema, found: Schema, path = ''): string[] {
  return Object.entries(own.properties ?? {}).flatMap(([name, schema]) => {
    // Every object has them. The server adds to their schema what the CRD does not say.
    if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) return [];
    const full = path === '' ? name : `${path}.${name}`;
    const other = found.properties?.[name];
    if (other === undefined) return [full];
    return missingFields(schema.items ?? schema, other.items ?? other, full);
  });
}
