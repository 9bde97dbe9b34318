import type { Target } from '../api/debugsession.ts';
import type { JudgedPod } from './pod-fields.ts';

/** Stands for the one process namespace of all containers of a pod. No container can have this name. */
export const WHOLE_POD = '*';

/**
 * Whose process namespace a session in this pod shares: a container's name, {@link WHOLE_POD}, or undefined for one of
 * its own. In a pod with shareProcessNamespace or hostPID every container shares, whatever its target is (kubelet,
 * pkg/kubelet/kuberuntime/util: NamespaceModeForPodSpec).
 */
export function processNamespaceOf({ containerName }: Target, { spec }: JudgedPod): string | undefined {
  return spec.shareProcessNamespace === true || spec.hostPID === true ? WHOLE_POD : containerName;
}
