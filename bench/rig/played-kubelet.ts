import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import type { ContainerState } from '../../src/api/pod.ts';
import { toTimestamp } from '../../src/api/time.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import type { Followed } from './followed.ts';

interface Books {
  states: Map<string, ContainerState>;
  /** Something is not yet written. */
  changed: boolean;
  writing: boolean;
}

/**
 * Says of the played pods of a namespace what a kubelet would say: an injected container runs at once; it has ended as
 * soon as its session is recorded as Running, so that no state of a session is ever skipped.
 */
export class PlayedKubelet {
  readonly #client: RestClient;
  readonly #namespace: string;
  readonly #pods = new Map<string, Books>();
  readonly #fail: (error: unknown) => void;
  /** Rejects when a status cannot be written; pending otherwise. */
  readonly failed: Promise<never>;

  /** @param options.ends false: containers run for ever */
  constructor(
    client: RestClient,
    namespace: string,
    seen: { pods: Followed<RawPod>; sessions: Followed<DebugSession> },
    options: { ends: boolean },
  ) {
    this.#client = client;
    this.#namespace = namespace;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    // Whoever does not wait for it must not be ended by it.
    promise.catch(() => undefined);
    seen.pods.onChange((pod) => this.#start(pod));
    if (options.ends) seen.sessions.onChange((session) => this.end(session));
  }

  #start(pod: RawPod): void {
    const books = this.#pods.get(pod.metadata.name) ?? { states: new Map(), changed: false, writing: false };
    this.#pods.set(pod.metadata.name, books);
    for (const { name } of pod.spec?.ephemeralContainers ?? []) {
      if (books.states.has(name)) continue;
      books.states.set(name, { running: { startedAt: toTimestamp(Date.now()) } });
      books.changed = true;
    }
    void this.#write(pod.metadata.name, books);
  }

  /** Lets the container of a session come to its end, as if its command had ended; nothing when it does not run. */
  end({ status }: DebugSession): void {
    const books = this.#pods.get(status?.podName ?? '');
    const name = status?.debugContainerName ?? '';
    const running = books?.states.get(name)?.running;
    if (status?.phase !== 'Running' || books === undefined || running === undefined) return;
    const finishedAt = toTimestamp(Date.now());
    books.states.set(name, { terminated: { exitCode: 0, reason: 'Completed', finishedAt, ...running } });
    books.changed = true;
    void this.#write(status.podName ?? '', books);
  }

  /** Resolves when all that was to be said is written. */
  async written(): Promise<void> {
    while ([...this.#pods.values()].some(({ writing }) => writing)) await delay(20);
  }

  /** One write at a time for each pod, as a kubelet: the list of statuses is written as a whole. */
  async #write(pod: string, books: Books): Promise<void> {
    if (books.writing) return;
    books.writing = true;
    try {
      while (books.changed) {
        books.changed = false;
        const ephemeralContainerStatuses = [...books.states].map(statusOf);
        const path = `${podsPath(this.#namespace)}/${pod}/status`;
        await this.#client.patch(path, { status: { ephemeralContainerStatuses } }, { type: 'merge' });
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      books.writing = false;
    }
  }
}

function statusOf([name, state]: [string, ContainerState]): object {
  const image = 'docker.io/library/busybox:1.36';
  const imageID = `docker.io/library/busybox@sha256:${'2'.repeat(64)}`;
  const ready = state.running !== undefined;
  return { name, ready, restartCount: 0, image, imageID, containerID: `containerd://${name}`, state };
}
