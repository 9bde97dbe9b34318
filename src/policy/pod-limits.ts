import { parseQuantity } from '../api/quantity.ts';
import type { PodLimits } from '../api/pod.ts';

/** The limits of a container, or of the pod as a whole (KEP-2837), as the API server has them. */
export interface Limited {
  resources?: { limits?: Record<string, string | number> };
}

/** A pod as far as its limits go. */
export interface LimitedPod extends Limited {
  containers: Limited[];
  initContainers?: (Limited & { restartPolicy?: string })[];
  overhead?: Record<string, string | number>;
}

/**
 * What a debug container shares with its pod: the name in the API, the unit that is counted in, and whose limit counts.
 */
const SHARED = {
  memory: { name: 'memory', unit: 1, counts: 'ofAll' },
  cpu: { name: 'cpu', unit: 0.001, counts: 'ofAll' },
  storage: { name: 'ephemeral-storage', unit: 1, counts: 'ofAny' },
} as const satisfies Record<keyof PodLimits, object>;

/**
 * What all containers of a pod together may use, debug containers among them. As the kubelet does it: memory and CPU
 * are limited by the pod's own limit, or where each container has one (pkg/kubelet/cm/helpers_linux.go,
 * ResourceConfigForPod), ephemeral storage where any has one (pkg/kubelet/eviction/eviction_manager.go,
 * podEphemeralStorageLimitEviction). Undefined: by nothing.
 */
export function podLimits(spec: LimitedPod): PodLimits | undefined {
  const limits: PodLimits = {};
  for (const key of Object.keys(SHARED) as (keyof PodLimits)[]) {
    const limit = limitOf(spec, SHARED[key]);
    if (limit !== undefined) limits[key] = limit;
  }
  return Object.keys(limits).length > 0 ? limits : undefined;
}

type Shared = (typeof SHARED)[keyof PodLimits];

function limitOf(spec: LimitedPod, { name, unit, counts }: Shared): number | undefined {
  const valueOf = ({ resources }: Limited): number => parseQuantity(resources?.limits?.[name]) ?? 0;
  // A pod as a whole has no ephemeral storage of its own (KEP-2837).
  const ofPod = counts === 'ofAll' ? valueOf(spec) : 0;
  const { initContainers = [] } = spec;
  const each = [...spec.containers, ...initContainers].map(valueOf);
  const isLimited = counts === 'ofAll' ? each.every((value) => value > 0) : each.some((value) => value > 0);
  if (ofPod === 0 && !isLimited) return undefined;
  const whole = ofPod > 0 ? ofPod : summed(spec, valueOf);
  return Math.round((whole + (parseQuantity(spec.overhead?.[name]) ?? 0)) / unit);
}

/**
 * Containers and sidecars run side by side; an init container runs beside the sidecars before it alone
 * (k8s.io/component-helpers/resource, AggregateContainerLimits).
 */
function summed({ containers, initContainers = [] }: LimitedPod, valueOf: (container: Limited) => number): number {
  let sidecars = 0;
  let setup = 0;
  for (const container of initContainers) {
    const value = valueOf(container);
    if (container.restartPolicy === 'Always') sidecars += value;
    setup = Math.max(setup, container.restartPolicy === 'Always' ? sidecars : sidecars + value);
  }
  const own = containers.reduce((sum, container) => sum + valueOf(container), 0);
  return Math.max(own + sidecars, setup);
}
