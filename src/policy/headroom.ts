import type { PodLimits } from '../api/pod.ts';
import { oneLine } from '../text/one-line.ts';

const MIB = 2 ** 20;

/**
 * What the limits of a pod have to leave for a debug container, in the units of PodLimits: a shell with a few tools
 * takes that much. With less, a look around may have the kernel kill a process of the pod, the kubelet throttle it, or
 * evict it.
 */
export const HEADROOM: Required<PodLimits> = { memory: 32 * MIB, cpu: 50, storage: 32 * MIB };

/** What the containers of a pod used, by a sample of the metrics API. */
export interface PodUse {
  /** When it was sampled. */
  at: string;
  /** Bytes of the working set. */
  memory: number;
  /** Thousandths of a core. */
  cpu: number;
}

/** Called so in a sentence, and in which unit. */
const WORDS: Record<keyof PodLimits, [what: string, say: (value: number) => string]> = {
  memory: ['memory limit', mib],
  cpu: ['CPU limit', (value) => `${Math.round(value)}m`],
  storage: ['ephemeral-storage limit', mib],
};

/** A pod as far as what it may use is judged. */
interface JudgedPod {
  metadata: { name: string };
  spec: { limits?: PodLimits };
}

/**
 * Where the limits of a pod leave less than the headroom: one clause each, with the numbers. Without a limit of the pod
 * nothing is said; without a sample of its use, what the limit itself says.
 */
export function shortRoom({ metadata, spec: { limits = {} } }: JudgedPod, use?: PodUse): string[] {
  return (Object.keys(HEADROOM) as (keyof PodLimits)[]).flatMap((key) => {
    const limit = limits[key];
    const used = use === undefined || key === 'storage' ? undefined : use[key];
    if (limit === undefined || limit - (used ?? 0) >= HEADROOM[key]) return [];
    const [what, say] = WORDS[key];
    const left = say(Math.max(0, limit - (used ?? 0)));
    const rest = used === undefined ? '' : `, and its containers used ${say(used)} at ${use?.at}: ${left} is left`;
    return [
      `the ${what} of pod ${oneLine(metadata.name, 253)} is ${say(limit)}${rest}; a debug container needs ${say(HEADROOM[key])}`,
    ];
  });
}

/** Rounded down, so that what is left is not overstated. */
function mib(bytes: number): string {
  return `${Math.floor(bytes / MIB)} MiB`;
}
