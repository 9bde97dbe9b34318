import { oneLine } from '../text/one-line.ts';
import { Fault } from './fault.ts';

/**
 * Makes sure that the API server kept what was sent: an older CRD lets fields go without a word where nobody asks for
 * strict validation, as in a patch.
 * @param sent the spec, or what a merge changes of it @param kept the spec of the answer
 * @throws Fault that names the fields
 */
export function mustBeKept(sent: object, kept: object): void {
  const dropped = droppedFields(sent, kept, 'spec').map((path) => oneLine(path, 200));
  if (dropped.length === 0) return;
  throw new Fault([
    `the DebugSession of this cluster has no field ${dropped.join(', ')}: it is older than this kubectl dbg, and the API server dropped the field`,
    'ask the administrators to update the resources (kubectl dbg doctor), or leave the flag out',
  ]);
}

/** Paths of the fields that were sent and are not in the answer. `null` takes a field away. */
export function droppedFields(sent: unknown, kept: unknown, path: string): string[] {
  if (sent === null || sent === undefined || typeof sent !== 'object') return [];
  if (typeof kept !== 'object' || kept === null) return [path];
  return Object.entries(sent).flatMap(([name, value]) => {
    const full = Array.isArray(sent) ? `${path}[${name}]` : `${path}.${name}`;
    if (value === null || value === undefined) return [];
    const found: unknown = Object.hasOwn(kept, name) ? (kept as Record<string, unknown>)[name] : undefined;
    return found === undefined ? [full] : droppedFields(value, found, full);
  });
}
