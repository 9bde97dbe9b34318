import type { WorkloadRef } from '../../api/debugsession.ts';
import type { LabelSelector } from '../../api/label-selector.ts';
import type { Pod } from '../../api/pod.ts';
import type { Sighting } from '../look/sighting.ts';

/**
 * The selector in the notation of a list request. An operator that Kubernetes does not have is an error, not a match
 * for all.
 */
export function selectorText(selector: LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        throw new Error(`label selector operator ${String(operator)} is unknown`);
    }
  });
  return [...labels, ...expressions].join(',');
}

/**
 * The pod of a workload that a session is given: ready, not being deleted, the one that has served longest (by name
 * where two are of one age). Selectors of two workloads may overlap, so only pods that one of `owners` (uids) controls
 * count.
 */
export function choosePod(ref: WorkloadRef, pods: readonly Pod[], owners: ReadonlySet<string>): Sighting {
  const own = pods.filter((pod) =>
    pod.metadata.ownerReferences?.some((o) => o.controller === true && owners.has(o.uid)),
  );
  const chosen = own.filter(isReady).sort(byAge)[0];
  if (chosen !== undefined) return { kind: 'present', pod: chosen };
  const message = `${ref.kind} ${ref.name} has no ready pod (${own.length} in all); to debug one that is not ready, name it in target.podName`;
  return { kind: 'unresolved', reason: 'NoReadyPod', message };
}

function isReady(pod: Pod): boolean {
  const ready = pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return ready === true && pod.metadata.deletionTimestamp === undefined;
}

function byAge(one: Pod, other: Pod): number {
  const [a, b] = [one.metadata.creationTimestamp ?? '', other.metadata.creationTimestamp ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return one.metadata.name < other.metadata.name ? -1 : 1;
}
