import type { StopOrder } from '../api/stop-order.ts';
import { ApiError } from '../kube/api-error.ts';
import type { RestClient } from '../kube/rest-client.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ActionOutcome } from '../session/look/actions.ts';
import { oneLine } from '../text/one-line.ts';
import { podsPath } from './session-api.ts';
import { stopPod, stopPodName, STOP_POD_LABELS, STOP_POD_SECONDS } from './stop-pod.ts';
import { isOver, notInTime, outcomeOf, type StopPod } from './stop-pod-outcome.ts';

export interface StopPodsOptions {
  client: Pick<RestClient, 'create' | 'delete' | 'list' | 'watch'>;
  /** Where stop pods are made: config/components/node-stop. */
  namespace: string;
  /** The operator's own image. Rejects when it is not known. */
  image: (signal: AbortSignal) => Promise<string>;
  /** The runtime's socket on every node. Absent: where the runtime of the container has it by default. */
  socket: string | undefined;
  clock: Clock;
}

/** The outcome of the watch of a stop pod. */
interface Watched {
  isOver: boolean;
  /** As it was seen last; undefined: never. */
  pod: StopPod | undefined;
}

/** A container on a node. */
export interface OnNode extends StopOrder {
  nodeName: string;
  /** Such as `containerd`: what the kubelet writes before the ID. */
  runtime: string;
}

const SOCKETS: Readonly<Record<string, string>> = {
  containerd: '/run/containerd/containerd.sock',
  'cri-o': '/run/crio/crio.sock',
};

/**
 * How long a stop pod may take from its creation to its end, in ms: its image may have to be pulled. Longer than the
 * kubelet lets it run, so that none is given up which may still end its container.
 */
const PATIENCE_MS = (STOP_POD_SECONDS + 5) * 1000;

/**
 * Ends containers from their nodes: one pod for a container, which asks the runtime there and ends (docs/adr/0037). A
 * pod that is there already, made by an operator that has died, is looked to in the place of a new one.
 */
export class StopPods {
  readonly #options: StopPodsOptions;

  constructor(options: StopPodsOptions) {
    this.#options = options;
  }

  /**
   * Asks, waits for the answer, and takes the pod away. Rejects with the API server's refusal, or the signal's reason.
   */
  async stop(container: OnNode, signal: AbortSignal): Promise<ActionOutcome> {
    const { client, namespace, image } = this.#options;
    const socket = this.#options.socket ?? SOCKETS[container.runtime];
    if (socket === undefined) {
      const message = `where the socket of ${oneLine(container.runtime, 40)} is on node ${container.nodeName} is not known: give --cri-socket`;
      return { kind: 'impossible', message };
    }
    const { nodeName } = container;
    let made: StopPod | undefined;
    try {
      made = await client.create<StopPod>(
        podsPath(namespace),
        stopPod(container, { namespace, nodeName, image: await image(signal), socket }),
        { signal },
      );
    } catch (error) {
      // An earlier one is there: of an operator before, or the answer was lost.
      if (!(error instanceof ApiError) || error.code !== 409) throw error;
    }
    const { isOver, pod } = await this.#untilOverOrRemoved(made, stopPodName(container), signal);
    const left = pod ?? made;
    if (left !== undefined) await this.#remove(left, signal);
    return isOver ? outcomeOf(pod) : notInTime(pod, { nodeName, socket });
  }

  /**
   * A pod that may not be watched is taken away: nobody would look at it before the next leader does. Where only the
   * connection broke, the pod may still end its container.
   */
  async #untilOverOrRemoved(made: StopPod | undefined, name: string, signal: AbortSignal): Promise<Watched> {
    try {
      return await this.#untilOver(name, signal);
    } catch (error) {
      // Why it cannot be watched says more than why it cannot be removed.
      if (made !== undefined && error instanceof ApiError) await this.#remove(made, signal).catch(() => undefined);
      throw error;
    }
  }

  /** Takes away what an operator that has died left behind, each when it is over. Resolves when none is left. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const labelSelector = Object.entries(STOP_POD_LABELS)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    const { items } = await client.list<{ items: StopPod[] }>(podsPath(namespace), { labelSelector }, { signal });
    await Promise.all(
      items.map(async (found) => {
        await this.#untilOver(found.metadata.name, signal);
        await this.#remove(found, signal);
      }),
    );
  }

  /** The pod when it has ended, or is gone, or when its time is over. */
  async #untilOver(name: string, signal: AbortSignal): Promise<Watched> {
    const patience = new AbortController();
    const timer = this.#options.clock.setTimer(PATIENCE_MS, () => patience.abort());
    let pod: StopPod | undefined;
    try {
      for await (const event of this.#watch(name, AbortSignal.any([signal, patience.signal]))) {
        pod = event.object;
        if (event.type === 'DELETED' || isOver(pod)) return { isOver: true, pod };
      }
    } catch (error) {
      if (!patience.signal.aborted || signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
    return { isOver: false, pod };
  }

  /** As it is, and each change of it, until the signal. A server closes a watch whenever it likes. */
  async *#watch(name: string, signal: AbortSignal): AsyncGenerator<{ type: string; object: StopPod }> {
    const { client, namespace } = this.#options;
    const query = { fieldSelector: `metadata.name=${name}`, timeoutSeconds: 60 };
    for (;;) {
      signal.throwIfAborted();
      for await (const event of client.watch<StopPod>(podsPath(namespace), query, signal))
        if (event.type !== 'ERROR') yield event;
    }
  }

  /** Whoever is faster: another operator may have taken it away. */
  async #remove({ metadata }: StopPod, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const body = { preconditions: { uid: metadata.uid } };
    try {
      await client.delete(`${podsPath(namespace)}/${encodeURIComponent(metadata.name)}`, { body, signal });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }
}
