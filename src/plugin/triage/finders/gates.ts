import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';

/** Conditions that the pod itself demands of others (readinessGates) and that are not True. */
export function gates({ pod }: PodFacts): Finding[] {
  const conditions = pod.status.conditions ?? [];
  if (!conditions.some(({ type, status }) => type === 'ContainersReady' && status === 'True')) return [];
  const open = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => !conditions.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  if (open.length === 0) return [];
  const names = open.map(({ conditionType }) => conditionType).join(', ');
  return [
    {
      kind: 'ReadinessGateOpen',
      weight: 'broken',
      title: `Pod ${pod.metadata.name} waits for a readiness gate`,
      seen: [`readinessGates that are not True: ${names}`],
      means: 'All containers are ready. Another program, often that of a load balancer, has to say that the pod is.',
      todo: ['Find the controller that sets this condition, and see whether it runs.'],
    },
  ];
}
