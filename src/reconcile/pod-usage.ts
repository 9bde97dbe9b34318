import { parseQuantity } from '../api/quantity.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { Avoidance } from './avoidance.ts';
import type { PodMetrics, SessionApi } from './session-api.ts';

/** What the containers of a pod used, by one sample of the metrics API. */
export interface PodUsage {
  /** When it was sampled. */
  at: string;
  /** Bytes of the working set, and thousandths of a core, by the name of the container. */
  containers: ReadonlyMap<string, { memory: number; cpu: number }>;
}

/**
 * Asks the metrics API what the containers of a pod use. It may not be installed, and the operator may not have the
 * right: then there is no answer, and it is asked again a minute later.
 */
export class PodUsages {
  readonly #api: Pick<SessionApi, 'podMetrics'>;
  readonly #avoidance: Avoidance;

  constructor(api: Pick<SessionApi, 'podMetrics'>, clock: Clock) {
    this.#api = api;
    this.#avoidance = new Avoidance(clock);
  }

  /**
   * The newest sample of this pod. Undefined: there is none, or it cannot be read. It takes no longer than a second,
   * and never throws.
   */
  async of(namespace: string, name: string, signal: AbortSignal): Promise<PodUsage | undefined> {
    if (!this.#answersFor(namespace)) return undefined;
    try {
      return usageOf(await this.#api.podMetrics(namespace, name, signal));
    } catch (error) {
      // Of this pod it has no sample yet; everything else concerns others as well.
      if (!signal.aborted && !isOfThisPod(error)) this.#avoidance.avoid(isForbidden(error) ? namespace : EVERYWHERE);
      return undefined;
    }
  }

  /** Whether it is worth asking: neither the API nor the right was missing a moment ago. */
  #answersFor(namespace: string): boolean {
    return !this.#avoidance.isAvoided(EVERYWHERE) && !this.#avoidance.isAvoided(namespace);
  }
}

/** No name of a namespace. */
const EVERYWHERE = '*';

function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.code === 403;
}

/** An API that is not there answers 404 without the name of an object. */
function isOfThisPod(error: unknown): boolean {
  return error instanceof ApiError && error.saysGone;
}

/** What another wrote: a field that is missing or no quantity leaves the sample, or its container, out. */
function usageOf({ timestamp, containers }: PodMetrics): PodUsage | undefined {
  if (typeof timestamp !== 'string' || !Array.isArray(containers)) return undefined;
  const known = containers.flatMap(({ name, usage }) => {
    const [memory, cpu] = [parseQuantity(usage?.memory), parseQuantity(usage?.cpu)];
    return memory === undefined || cpu === undefined ? [] : [[name, { memory, cpu: cpu * 1000 }] as const];
  });
  return { at: timestamp, containers: new Map(known) };
}
