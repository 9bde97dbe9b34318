import type { DebugSession } from '../../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../../src/reconcile/session-api.ts';
import type { RawPod } from '../../../src/reconcile/trim.ts';
import type { Stage } from '../cluster/stage.ts';

type ByName<T> = Map<string, T>;

/**
 * Looks on, by watches on all sessions and all pods of a namespace, and keeps the most that ever lived at once: of what
 * is recorded, and of what stands in a pod and has not ended, whoever recorded it.
 */
export class LiveCounts {
  /** Sessions with a run that starts or runs, in the namespace. */
  mostSessions = 0;
  /** By pod: the containers that had not ended when most of them lived, each with what the kubelet said of it. */
  readonly mostIn: Record<string, string[]> = {};
  /** By pod: containers, also those that have ended. */
  readonly mostEverIn: Record<string, number> = {};
  readonly #over = new AbortController();
  readonly #watches: Promise<void>[];

  constructor(stage: Stage) {
    const follow = <T extends { metadata: { name: string } }>(
      path: string,
      look: (all: ByName<T>) => void,
    ): Promise<void> => this.#follow(stage, path, look);
    this.#watches = [
      follow<DebugSession>(sessionsPath(stage.namespace), (all) => {
        this.mostSessions = Math.max(this.mostSessions, [...all.values()].filter(lives).length);
      }),
      follow<RawPod>(podsPath(stage.namespace), (all) => {
        for (const [name, pod] of all) {
          const living = livingIn(pod);
          if (living.length > (this.mostIn[name] ?? []).length) this.mostIn[name] = living;
          this.mostEverIn[name] = Math.max(this.mostEverIn[name] ?? 0, pod.spec?.ephemeralContainers?.length ?? 0);
        }
      }),
    ];
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#watches);
  }

  async #follow<T extends { metadata: { name: string } }>(
    stage: Stage,
    path: string,
    look: (all: ByName<T>) => void,
  ): Promise<void> {
    const all: ByName<T> = new Map();
    try {
      for await (const { type, object } of stage.client.watch<T>(path, { timeoutSeconds: 300 }, this.#over.signal)) {
        if (type === 'DELETED') all.delete(object.metadata.name);
        else all.set(object.metadata.name, object);
        look(all);
      }
      throw new Error('the watch ended: what came after it was not counted');
    } catch (error) {
      if (!this.#over.signal.aborted) throw error;
    }
  }
}

function lives({ status }: DebugSession): boolean {
  return status?.runs?.some(({ state }) => state === 'Starting' || state === 'Running') === true;
}

function livingIn({ spec, status }: RawPod): string[] {
  return (spec?.ephemeralContainers ?? []).flatMap(({ name }) => {
    const state = status?.ephemeralContainerStatuses?.find((one) => one.name === name)?.state;
    return state?.terminated === undefined ? [`${name} ${JSON.stringify(state)}`] : [];
  });
}
