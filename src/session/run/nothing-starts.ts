import type { Pod } from '../../api/pod.ts';
import { later, never, type Objection } from '../look/objection.ts';

/** Why nothing can be started in this pod any more; a pod that is being deleted may be followed by another of its name. */
export function nothingStartsIn({
  metadata: { name, deletionTimestamp },
  status: { phase },
}: Pod): Objection<'PodFinished' | 'PodTerminating'> | undefined {
  if (phase === 'Succeeded' || phase === 'Failed')
    return never('PodFinished', `pod ${name} has finished (${phase}): nothing can be started in it`);
  if (deletionTimestamp !== undefined)
    return later('PodTerminating', `pod ${name} is being deleted: nothing can be started in it`);
  return undefined;
}
