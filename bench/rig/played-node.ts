import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { microTime } from '../../src/runtime/micro-time.ts';
import { pool } from './pool.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const LEASE_SECONDS = 40;
const RENEW_MS = 10_000;
/** Requests under way at once: more only wait in the API server. */
const PARALLEL = 32;
/** How large a pod of a real cluster is, in bytes of JSON: a few containers with their environment. */
const POD_BYTES = 12_000;
/** Selects the pods that are not large. */
export const DEBUGGABLE = 'app=played';

/**
 * A Node object that nobody runs, kept alive by its Lease: pods of a node that does not exist are deleted by the pod
 * garbage collector, and those of one that does not report are evicted.
 */
export class PlayedNode {
  readonly name: string;
  readonly #client: RestClient;
  #timer: NodeJS.Timeout | undefined;

  private constructor(client: RestClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** @param label put on the Node, so that a later run finds what an interrupted one has left */
  static async start(client: RestClient, name: string, label: Record<string, string>): Promise<PlayedNode> {
    const node = new PlayedNode(client, name);
    const now = new Date().toISOString();
    await client.create('/api/v1/nodes', {
      metadata: { name, labels: { ...label, 'kubernetes.io/os': 'linux' } },
      // No scheduler and no DaemonSet may think of it.
      spec: { unschedulable: true, taints: [{ key: 'debugsession.dev/bench', effect: 'NoSchedule' }] },
    });
    await client.create(LEASES, { metadata: { name }, spec: node.#lease() });
    const ready = { type: 'Ready', status: 'True', reason: 'Played', lastHeartbeatTime: now, lastTransitionTime: now };
    await client.patch(`/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } }, { type: 'merge' });
    node.#timer = setInterval(() => {
      // A renewal that fails is repeated by the next; the lease lasts for four.
      client.patch(`${LEASES}/${name}`, { spec: node.#lease() }, { type: 'merge' }).catch(() => undefined);
    }, RENEW_MS);
    return node;
  }

  /** Keeps it alive no longer. The objects stay: whoever sweeps takes them away. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Pods that run and are ready, as far as the API server knows. They go at once when they are deleted. */
  async runPods(namespace: string, names: readonly string[], { large = false } = {}): Promise<void> {
    await pool(names.length, PARALLEL, async (index) => {
      const name = names[index] ?? '';
      const pod = await this.#client.create<RawPod>(podsPath(namespace), this.#pod(name, large ? POD_BYTES : 0));
      const path = `${podsPath(namespace)}/${name}/status`;
      await this.#client.patch(path, { metadata: { uid: pod.metadata.uid }, status: running() }, { type: 'strategic' });
    });
  }

  #pod(name: string, bytes: number): object {
    const env = Array.from({ length: Math.ceil(bytes / 120) }, (_, index) => ({
      name: `SETTING_${index}`,
      value: 'x'.repeat(60),
    }));
    return {
      metadata: { name, labels: { app: bytes > 0 ? 'crowd' : 'played' } },
      spec: {
        nodeName: this.name,
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'app', image: 'played.invalid/app:1', env }],
      },
    };
  }

  #lease(): object {
    return { holderIdentity: this.name, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime(Date.now()) };
  }
}

/** Takes Node and Lease away. */
export async function removeNode(client: RestClient, name: string): Promise<void> {
  await Promise.allSettled([client.delete(`/api/v1/nodes/${name}`), client.delete(`${LEASES}/${name}`)]);
}

function running(): object {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = ['Initialized', 'PodReadyToStartContainers', 'ContainersReady', 'Ready', 'PodScheduled'];
  return {
    phase: 'Running',
    startTime: now,
    podIP: '192.0.2.1',
    conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    containerStatuses: [
      {
        name: 'app',
        ready: true,
        started: true,
        restartCount: 0,
        image: 'played.invalid/app:1',
        imageID: `played.invalid/app@sha256:${'0'.repeat(64)}`,
        containerID: `containerd://${'1'.repeat(64)}`,
        state: { running: { startedAt: now } },
      },
    ],
  };
}
