import type { Pod } from '../api/pod.ts';
import { ApiError } from '../kube/api-error.ts';
import type { PodUse } from '../policy/headroom.ts';
import type { Clock } from '../runtime/clock.ts';
import type { NodePressure, PressureCondition, PressureLook } from '../session/look/pressure.ts';
import { Avoidance } from './avoidance.ts';
import type { PodUsages } from './pod-usage.ts';
import type { NodeCondition, SessionApi } from './session-api.ts';

/**
 * For so long an answer on a node is given to others as well, in ms: very many sessions may begin in the same moment.
 */
const SHARED_MS = 5_000;

const CONDITIONS: readonly string[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] satisfies PressureCondition[];

export interface PressureLookupParts {
  api: Pick<SessionApi, 'nodeConditions'>;
  usages: PodUsages;
  clock: Clock;
}

interface NodeLook {
  begunAt: number;
  answer: Promise<readonly NodePressure[] | undefined>;
}

/**
 * Looks at the place of a run that begins: its node, and what its pod uses. It is a look and never a wait: what cannot
 * be read within a second is left out.
 */
export class PressureLookup {
  readonly #parts: PressureLookupParts;
  readonly #avoidance: Avoidance;
  readonly #nodes = new Map<string, NodeLook>();

  constructor(parts: PressureLookupParts) {
    this.#parts = parts;
    this.#avoidance = new Avoidance(parts.clock);
  }

  /** It never rejects. */
  async look({ metadata, spec }: Pod, signal: AbortSignal): Promise<PressureLook> {
    const { namespace, name } = metadata;
    const [node, usage] = await Promise.all([
      spec.nodeName === undefined ? undefined : this.#node(spec.nodeName, signal),
      this.#parts.usages.of(namespace, name, signal),
    ]);
    const containers = [...(usage?.containers.values() ?? [])];
    const sum = (key: 'memory' | 'cpu'): number => containers.reduce((total, one) => total + one[key], 0);
    const use: PodUse | undefined = usage && { at: usage.at, memory: sum('memory'), cpu: sum('cpu') };
    return { ...(node && { node }), ...(use && { use }) };
  }

  #node(name: string, signal: AbortSignal): Promise<readonly NodePressure[] | undefined> {
    const now = this.#parts.clock.monotonic();
    for (const [key, { begunAt }] of this.#nodes) if (now - begunAt >= SHARED_MS) this.#nodes.delete(key);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known.answer;
    const answer = this.#ask(name, signal);
    this.#nodes.set(name, { begunAt: now, answer });
    return answer;
  }

  async #ask(name: string, signal: AbortSignal): Promise<readonly NodePressure[] | undefined> {
    if (this.#avoidance.isAvoided(NODES)) return undefined;
    try {
      return (await this.#parts.api.nodeConditions(name, signal)).flatMap(pressureOf);
    } catch (error) {
      this.#nodes.delete(name);
      // A node that has just gone says nothing of the others.
      const isGone = error instanceof ApiError && error.code === 404;
      if (!signal.aborted && !isGone) this.#avoidance.avoid(NODES);
      return undefined;
    }
  }
}

const NODES = 'nodes';

function pressureOf({ type, status, lastTransitionTime, message }: NodeCondition): NodePressure[] {
  if (status !== 'True' || !CONDITIONS.includes(type)) return [];
  return [
    {
      type: type as PressureCondition,
      ...(lastTransitionTime !== undefined && { since: lastTransitionTime }),
      ...(message !== undefined && { message }),
    },
  ];
}
