import type { Target } from './debugsession.ts';

/** @returns a target as people read it: the name of a pod, or `Kind/name` of a workload */
export function nameOfTarget({ podName, workloadRef }: Target): string {
  return podName ?? (workloadRef === undefined ? '' : `${workloadRef.kind}/${workloadRef.name}`);
}
