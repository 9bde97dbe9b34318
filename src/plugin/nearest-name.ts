import { nearest } from '../text/nearest.ts';
import type { Kubectl } from './kubectl.ts';

/** The name of an object of this namespace that a mistyped one meant. Undefined: none is near, or may be listed. */
export async function nearestName(kubectl: Kubectl, resource: string, name: string): Promise<string | undefined> {
  const others = await kubectl.call(['get', resource, '--output=name']);
  const names = others.kind === 'done' ? others.stdout.split('\n').map((line) => line.replace(/^[^/]*\//, '')) : [];
  return nearest(
    name,
    names.filter((one) => one !== ''),
  );
}
