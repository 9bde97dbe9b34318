import type { WorkloadRef } from '../api/debugsession.ts';

/** The fields of a pod that say which of its containers kubectl means where nobody names one. */
export interface PodSummary {
  metadata: {
    name: string;
    namespace?: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string }[];
  };
  spec: {
    containers: { name: string }[];
    initContainers?: { name: string }[];
    ephemeralContainers?: { name: string }[];
  };
}

const ANNOTATION = 'kubectl.kubernetes.io/default-container';
const TEMPLATE_HASH = 'pod-template-hash';

/** The container of the annotation that kubectl follows, else the first. */
export function defaultContainer({ metadata, spec }: PodSummary): string | undefined {
  const named = metadata.annotations?.[ANNOTATION];
  const names = spec.containers.map(({ name }) => name);
  return named !== undefined && names.includes(named) ? named : names[0];
}

/**
 * Whether the pod is of the workload, by its owners alone: people who may debug may not always read workloads. The
 * ReplicaSet of a Deployment has its name and the hash of its template.
 */
export function isPodOf({ metadata }: PodSummary, { kind, name }: WorkloadRef): boolean {
  const hash = metadata.labels?.[TEMPLATE_HASH];
  return (metadata.ownerReferences ?? []).some((owner) =>
    kind === 'Deployment'
      ? owner.kind === 'ReplicaSet' && hash !== undefined && owner.name === `${name}-${hash}`
      : owner.kind === kind && owner.name === name,
  );
}
