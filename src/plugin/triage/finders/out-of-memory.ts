import { containersOf, isSteady, nameOf, type SeenContainer } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { counted } from '../../words/counted.ts';
import { ago, joined } from '../when.ts';

/** Whether the last end of the container was by the kernel, for want of memory. */
export function wasOutOfMemory({ end }: SeenContainer): boolean {
  return end?.reason === 'OOMKilled';
}

/** The kernel killed a container for its memory. */
export function outOfMemory({ pod, now }: PodFacts): Finding[] {
  return containersOf(pod)
    .filter(wasOutOfMemory)
    .map((container) => ({
      kind: 'OOMKilled',
      weight: isSteady(container, now) ? 'warning' : 'broken',
      container: container.name,
      title: `${nameOf(container)} ran out of memory`,
      seen: [seen(container, now)],
      ...words(container.limits['memory']),
    }));
}

function seen({ end, restarts, limits: { memory }, waiting }: SeenContainer, now: number): string {
  return joined([
    `OOMKilled, exit code ${end?.exitCode}`,
    ago(end?.finishedAt, now),
    counted(restarts, 'restart'),
    memory === undefined ? 'no memory limit' : `memory limit ${memory}`,
    waiting?.reason,
  ]);
}

function words(limit: string | undefined): Pick<Finding, 'means' | 'todo'> {
  if (limit === undefined) {
    return {
      means:
        'The container has no limit of its own: the pod as a whole or its node had no memory left. The kernel killed a process of the container.',
      todo: ['Set requests and limits of memory, so that the pod gets a node with room.'],
    };
  }
  return {
    means: `The container used all of the ${limit} that it may use. The kernel killed a process of it.`,
    todo: [
      'Raise resources.limits.memory, or find out what takes the memory.',
      'Set the heap of a runtime such as Java or Node below the limit.',
    ],
  };
}
