import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../src/api/debugsession.ts';
import { connect } from '../src/kube/connect.ts';
import type { RestClient } from '../src/kube/rest-client.ts';
import { podsPath, sessionsPath } from '../src/reconcile/session-api.ts';
import { cluster, type Cluster, type ClusterNode } from '../test/cluster/cluster.ts';
import { prepareCluster } from '../test/support/global-setup.ts';
import { Operator } from './operator.ts';
import { PlayedNode, removeNode } from './played-node.ts';
import { pool } from './pool.ts';
import { sessionBody, type GivenSpec } from './session-body.ts';

const LABELS = { 'debugsession.dev/bench': 'true' };
const SELECTOR = 'debugsession.dev/bench=true';
const ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;

interface Named {
  items: { metadata: { name: string } }[];
}

/** What all measurements share: the cluster, namespaces and a played node of their own, and the end of it all. */
export class Rig {
  readonly cluster: Cluster;
  readonly clusterNode: ClusterNode;
  /** The administrator, who is exempt from API Priority and Fairness: what we do for the measurement never waits there. */
  readonly client: RestClient;
  /** Of the operator's own account: probe and operator have the same rights, and the same place in the API server's queues. */
  readonly kubeconfig: string;
  readonly folder: string;
  readonly node: PlayedNode;
  readonly #operators = new Set<Operator>();
  readonly #stamp: string;

  private constructor(
    parts: Pick<Rig, 'cluster' | 'clusterNode' | 'client' | 'kubeconfig' | 'folder' | 'node'>,
    stamp: string,
  ) {
    this.cluster = parts.cluster;
    this.clusterNode = parts.clusterNode;
    this.client = parts.client;
    this.kubeconfig = parts.kubeconfig;
    this.folder = parts.folder;
    this.node = parts.node;
    this.#stamp = stamp;
  }

  /** Builds and installs what is measured. @throws Error when the cluster is not one of ours, or an operator runs in it. */
  static async open(): Promise<Rig> {
    const target = cluster();
    const clusterNode = target.node;
    if (clusterNode === undefined) throw new Error('the benchmark needs a cluster of its own: unset CLUSTER');
    await prepareCluster();
    const client = connect({ kubeconfig: target.kubeconfig ?? '' }).client;
    await refuseOtherOperators(client);
    await sweep(client);
    const kubeconfig = await target.createServiceAccountKubeconfig(...ACCOUNT);
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-bench-'));
    // What is measured stays the same, whoever builds meanwhile.
    copyFileSync('dist/main.js', join(folder, 'main.js'));
    const stamp = Date.now().toString(36);
    const node = await PlayedNode.start(client, `bench-${stamp}`, LABELS);
    return new Rig({ cluster: target, clusterNode, client, kubeconfig, folder, node }, stamp);
  }

  async namespace(name: string): Promise<string> {
    const full = `bench-${this.#stamp}-${name}`;
    await this.client.create('/api/v1/namespaces', { metadata: { name: full, labels: LABELS } });
    // Without its default account no pod is admitted.
    const accounts = `/api/v1/namespaces/${full}/serviceaccounts`;
    while ((await this.client.list<Named>(accounts)).items.length === 0) await delay(50);
    return full;
  }

  async startOperator(...namespaces: string[]): Promise<Operator> {
    const operator = await Operator.start({ folder: this.folder, kubeconfig: this.kubeconfig, namespaces });
    this.#operators.add(operator);
    return operator;
  }

  async stopOperator(operator: Operator): Promise<void> {
    this.#operators.delete(operator);
    await operator.stop();
  }

  createSession(namespace: string, name: string, spec: GivenSpec): Promise<DebugSession> {
    return this.client.create<DebugSession>(sessionsPath(namespace), sessionBody(name, spec));
  }

  /** Takes everything of ours away, whatever is left of it; also after a failure. */
  async close(): Promise<void> {
    for (const operator of this.#operators) await operator.stop();
    await sweep(this.client);
    await this.node.stop();
    await this.client.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Takes sessions and pods of a namespace away at once. No operator may be at work on them. */
export async function empty(client: RestClient, namespace: string): Promise<void> {
  const { items } = await client.list<{ items: DebugSession[] }>(sessionsPath(namespace));
  const held = items.filter(({ metadata }) => metadata.finalizers !== undefined);
  await pool(held.length, 32, async (index) => {
    const path = `${sessionsPath(namespace)}/${held[index]?.metadata.name}`;
    await client.patch(path, { metadata: { finalizers: null } }, { type: 'merge' });
  });
  for (const path of [sessionsPath(namespace), podsPath(namespace)]) {
    await client.delete(path, { body: { gracePeriodSeconds: 0 }, timeoutMs: 300_000 });
  }
}

/** The namespaces and nodes of this run and of any that was interrupted. */
async function sweep(client: RestClient): Promise<void> {
  const labelSelector = SELECTOR;
  const namespaces = async (): Promise<string[]> =>
    (await client.list<Named>('/api/v1/namespaces', { labelSelector })).items.map(({ metadata }) => metadata.name);
  for (const name of await namespaces()) {
    await empty(client, name);
    await client.delete(`/api/v1/namespaces/${name}`);
  }
  for (let tries = 0; (await namespaces()).length > 0; tries += 1) {
    if (tries > 300) throw new Error(`namespaces of the benchmark do not go: ${(await namespaces()).join(', ')}`);
    await delay(1_000);
  }
  const nodes = await client.list<Named>('/api/v1/nodes', { labelSelector });
  for (const { metadata } of nodes.items) await removeNode(client, metadata.name);
}

/** An operator for all namespaces would take the probe's sessions for its own. */
async function refuseOtherOperators(client: RestClient): Promise<void> {
  const { items } = await client.list<{ items: { status?: { replicas?: number } }[] }>(
    '/apis/apps/v1/namespaces/debugsession-system/deployments',
  );
  if (items.some(({ status }) => (status?.replicas ?? 0) > 0))
    throw new Error('an operator runs in namespace debugsession-system: take its Deployment away first');
}
