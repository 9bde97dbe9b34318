import type { RawPod } from '../../../src/reconcile/trim.ts';
import { busyboxImage, distrolessImage, nonrootImage } from '../../cluster/image-names.ts';

// Specs of pods for tests on a real kubelet, and questions about pods.

/** A pod whose one container, `app`, runs this in busybox' sh. */
export function shellPod(script: string, more: object = {}): object {
  return podOf({ image: busyboxImage, command: ['sh', '-c', script] }, more);
}

/** The shell-less application. */
export function appPod(more: object = {}): object {
  return podOf({ image: distrolessImage }, more);
}

/**
 * A pod that crash-loops and is at no moment running: its program is missing. (Where it starts at all, a look may meet
 * it in its one good moment.)
 */
export function brokenPod(): object {
  return podOf({ image: distrolessImage, command: ['/no/such/program'] }, {});
}

/** The shell-less application as the Pod Security level `restricted` wants it. */
export function restrictedPod(): object {
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return podOf({ image: nonrootImage, securityContext }, {});
}

function podOf(container: object, more: object): object {
  const app = { name: 'app', imagePullPolicy: 'IfNotPresent', ...container };
  return { terminationGracePeriodSeconds: 1, containers: [app], ...more };
}

export function isReady(pod: RawPod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

/** Down after a crash, as the kubelet shows it between two starts. */
export function isBackingOff(pod: RawPod): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff';
}

/** The names of a pod's ephemeral containers, in the order of the spec. */
export function ephemeralNames(pod: RawPod): string[] {
  return (pod.spec?.ephemeralContainers ?? []).map((container) => container.name);
}

/** The ID of a container without the name of its runtime; empty before it has one. */
export function containerID(status: { containerID?: string } | undefined): string {
  return status?.containerID?.split('//')[1] ?? '';
}
