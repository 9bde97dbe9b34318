import { setTimeout as delay } from 'node:timers/promises';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { oneLine } from '../../src/text/one-line.ts';
import type { ClusterNode } from '../cluster/cluster.ts';
import { appPod, containerID, ephemeralNames, isReady } from '../support/builders/pods.ts';
import { insist, insistOnDeleting, insistOnMaking } from './insist.ts';

/** Debug containers of a pod: none ever leaves it, and a pod holds 50. */
const PLACES = 12;
/** Pods that take sessions at the same time. */
const OPEN = 3;

interface Used {
  name: string;
  ready: Promise<void>;
  taken: number;
  live: number;
}

export interface Place {
  podName: string;
  /** The sessions that took it are over. */
  leave: () => void;
}

/** Pods to debug. Each takes a few sessions and goes when they are over, as pods do in a cluster that lives. */
export class Pods {
  /** What was wrong with the containers of a pod after its sessions, each a sentence. */
  readonly faults: string[] = [];
  readonly #client: RestClient;
  readonly #namespace: string;
  readonly #node: ClusterNode;
  readonly #open: Used[] = [];
  readonly #leaving = new Set<Promise<void>>();
  #made = 0;
  #turn = 0;

  constructor(client: RestClient, namespace: string, node: ClusterNode) {
    this.#client = client;
    this.#namespace = namespace;
    this.#node = node;
    while (this.#open.length < OPEN) this.#open.push(this.#make());
  }

  get gone(): number {
    return this.#made - this.#open.length;
  }

  /** A pod that runs, for as many containers. */
  async take(containers: number): Promise<Place> {
    this.#turn += 1;
    const index = this.#turn % OPEN;
    const pod = this.#open[index] ?? this.#make();
    pod.taken += containers;
    pod.live += 1;
    if (pod.taken >= PLACES) this.#open[index] = this.#make();
    await pod.ready;
    return {
      podName: pod.name,
      leave: () => {
        pod.live -= 1;
        if (pod.live === 0 && pod.taken >= PLACES) this.#retire(pod);
      },
    };
  }

  /** Takes the rest away; none is taken any more. */
  async close(): Promise<void> {
    for (const pod of this.#open.splice(0)) this.#retire(pod);
    await Promise.all(this.#leaving);
  }

  #make(): Used {
    const name = `web-${(this.#made += 1)}`;
    const ready = this.#create(name);
    // The first to take it is told.
    ready.catch(() => undefined);
    return { name, ready, taken: 0, live: 0 };
  }

  async #create(name: string): Promise<void> {
    const body = { metadata: { name }, spec: appPod() };
    await insistOnMaking(() => this.#client.create(podsPath(this.#namespace), body));
    while (!isReady(await this.#get(name))) await delay(500);
  }

  #retire(pod: Used): void {
    const { name } = pod;
    const leaving = this.#look(pod)
      .then(() => insistOnDeleting(() => this.#client.delete(`${podsPath(this.#namespace)}/${name}`)))
      .catch((error: unknown) => void this.faults.push(`pod ${name}: ${String(error)}`))
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** Its sessions are over: none of their containers may run, by the words of kubelet and containerd. */
  async #look({ name, taken }: Used): Promise<void> {
    const pod = await this.#get(name);
    const running = await this.#node.runningContainers();
    const seen = pod.status?.ephemeralContainerStatuses ?? [];
    for (const status of seen) {
      const id = containerID(status);
      if (status.state?.running === undefined && !running.has(id)) continue;
      const onNode = `on the node it ${running.has(id) ? 'runs' : 'does not run'}`;
      const said = oneLine(JSON.stringify(status));
      const fault = `pod ${name}: container ${status.name} runs after its session: ${onNode}, the kubelet says ${said}`;
      this.faults.push(fault);
      process.stderr.write(`${new Date().toISOString()} ${fault}\n`);
    }
    const { length } = ephemeralNames(pod);
    if (length > taken) this.faults.push(`pod ${name}: it has ${length} debug containers for ${taken} runs`);
  }

  #get(name: string): Promise<RawPod> {
    return insist(() => this.#client.get<RawPod>(`${podsPath(this.#namespace)}/${name}`));
  }
}
