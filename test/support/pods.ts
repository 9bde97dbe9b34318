import type { RawPod } from '../../src/reconcile/trim.ts';
import { busyboxImage, distrolessImage, nonrootImage } from '../cluster/image-names.ts';

// Specs of pods for tests on a real kubelet, and questions about pods.

/** A pod whose one container, `app`, runs this in busybox' sh. */
export function shellPod(script: string, more: object = {}): object {
  return podOf({ image: busyboxImage, command: ['sh', '-c', script] }, more);
}

/** The shell-less application. */
export function appPod(more: object = {}): object {
  return podOf({ image: distrolessImage }, more);
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

/** Crash-looping, and so often that its container stays down for 20 s or more (the kubelet doubles its pause from 10 s on). */
export function isBackingOff(pod: RawPod): boolean {
  const status = pod.status?.containerStatuses?.[0];
  return status?.state?.waiting?.reason === 'CrashLoopBackOff' && (status.restartCount ?? 0) >= 2;
}

/** The names of a pod's ephemeral containers, in the order of the spec. */
export function ephemeralNames(pod: RawPod): string[] {
  return (pod.spec?.ephemeralContainers ?? []).map((container) => container.name);
}
