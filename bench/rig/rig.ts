import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import { connect } from '../../src/kube/connect.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { cluster, type Cluster, type ClusterNode } from '../../test/cluster/cluster.ts';
import { prepareCluster } from '../../test/support/jest/global-setup.ts';
import { Operator, type OperatorOptions } from './operator.ts';
import { PlayedNode, removeNode } from './played-node.ts';
import { pool } from './pool.ts';
import { sessionBody, type GivenSpec } from './session-body.ts';

const LABELS = { 'debugsession.dev/bench': 'true' };
const SELECTOR = 'debugsession.dev/bench=true';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/debugsession-system/leases/debugsession.dev';
const ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;

interface Meta {
  name: string;
  finalizers?: string[];
}

interface Named {
  items: { metadata: Meta }[];
}

/** What all measurements share: the cluster, namespaces and a played node of their own, and the end of it all. */
export class Rig {
  readonly cluster: Cluster;
  readonly clusterNode: ClusterNode;
  /**
   * The administrator, who is exempt from API Priority and Fairness: what we do for the measurement never waits there.
   */
  readonly client: RestClient;
  /**
   * Of the operator's own account: probe and operator have the same rights, and the same place in the API server's
   * queues.
   */
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

  /**
   * Builds and installs what is measured.
   * @throws Error when the cluster is not one of ours, or an operator runs in it.
   */
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
    for (const file of ['package.json', 'main.js']) copyFileSync(`dist/${file}`, join(folder, file));
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

  /** A ready operator. @param namespaces none: all */
  async startOperator(...namespaces: string[]): Promise<Operator> {
    const operator = await this.spawnOperator(...namespaces);
    await operator.ready();
    return operator;
  }

  /** A ready operator of all namespaces. @param flags besides its defaults */
  async startOperatorWith(flags: readonly string[]): Promise<Operator> {
    const operator = await this.#spawn({ namespaces: [], flags });
    await operator.ready();
    return operator;
  }

  /** An operator whose process has just been started. */
  spawnOperator(...namespaces: string[]): Promise<Operator> {
    return this.#spawn({ namespaces, flags: [] });
  }

  async #spawn({ namespaces, flags }: Pick<OperatorOptions, 'namespaces' | 'flags'>): Promise<Operator> {
    const { folder, kubeconfig } = this;
    // One that was killed has not given it up, and the next would wait for it to expire.
    await this.client.delete(LEASE).catch(() => undefined);
    const operator = await Operator.spawn({ folder, kubeconfig, namespaces, flags, leaseNamespace: ACCOUNT[0] });
    this.#operators.add(operator);
    return operator;
  }

  async stopOperator(operator: Operator): Promise<void> {
    this.#operators.delete(operator);
    await operator.stop();
  }

  /** Whoever runs. */
  async stopOperators(): Promise<void> {
    await Promise.all([...this.#operators].map((operator) => this.stopOperator(operator)));
  }

  /**
   * Takes away what a measurement has left, so that the next begins as it did. Without a namespace: of all that came
   * before.
   */
  clear(namespace?: string): Promise<void> {
    return namespace === undefined ? sweep(this.client, this.node.name) : remove(this.client, [namespace]);
  }

  createSession(namespace: string, name: string, spec: GivenSpec): Promise<DebugSession> {
    return this.client.create<DebugSession>(sessionsPath(namespace), sessionBody(name, spec));
  }

  /**
   * Ends everything of ours.
   * @param options.sweep takes away what is left in the cluster as well; not needed where the cluster itself goes
   */
  async close(options: { sweep: boolean }): Promise<void> {
    await this.stopOperators();
    if (options.sweep) await sweep(this.client);
    this.node.stop();
    await this.client.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Takes sessions and pods of a namespace away at once. No operator may be at work on them. */
export async function empty(client: RestClient, namespace: string): Promise<void> {
  const body = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };
  for (const path of [sessionsPath(namespace), podsPath(namespace)]) {
    const found: Meta[] = [];
    for await (const meta of metas(client, path)) found.push(meta);
    // One by one, many at once: a delete of the whole collection does one after the other.
    await pool(found.length, 32, async (index) => {
      const { name, finalizers } = found[index] ?? { name: '' };
      if (finalizers !== undefined)
        await client.patch(`${path}/${name}`, { metadata: { finalizers: null } }, { type: 'merge' }).catch(unlessGone);
      await client.delete(`${path}/${name}`, { body }).catch(unlessGone);
    });
  }
}

/** Page by page: tens of thousands do not fit into one answer. */
async function* metas(client: RestClient, path: string): AsyncGenerator<Meta> {
  let position: string | undefined;
  do {
    const query = { limit: 500, ...(position && { continue: position }) };
    const page = await client.list<Named & { metadata: { continue?: string } }>(path, query, { timeoutMs: 60_000 });
    for (const { metadata } of page.items) yield metadata;
    position = page.metadata.continue;
  } while (position);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 404)) throw error;
}

/**
 * The namespaces of this run and of any that was interrupted, and the nodes of those.
 * @param keep a node that is still needed
 */
async function sweep(client: RestClient, keep?: string): Promise<void> {
  const labelSelector = SELECTOR;
  const { items } = await client.list<Named>('/api/v1/namespaces', { labelSelector });
  await remove(
    client,
    items.map(({ metadata }) => metadata.name),
  );
  const nodes = await client.list<Named>('/api/v1/nodes', { labelSelector });
  for (const { metadata } of nodes.items) if (metadata.name !== keep) await removeNode(client, metadata.name);
}

/** Returns when they are gone. @throws Error when they do not go within five minutes */
async function remove(client: RestClient, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    await empty(client, namespace);
    await client.delete(`/api/v1/namespaces/${namespace}`).catch(unlessGone);
  }
  for (const namespace of namespaces) {
    const isThere = async (): Promise<boolean> =>
      (await client.list<Named>('/api/v1/namespaces', { fieldSelector: `metadata.name=${namespace}` })).items.length >
      0;
    for (let tries = 0; await isThere(); tries += 1) {
      if (tries > 600) throw new Error(`namespace ${namespace} of the benchmark does not go`);
      await delay(500);
    }
  }
}

/** An operator for all namespaces would take the probe's sessions for its own. */
async function refuseOtherOperators(client: RestClient): Promise<void> {
  const { items } = await client.list<{ items: { status?: { replicas?: number } }[] }>(
    '/apis/apps/v1/namespaces/debugsession-system/deployments',
  );
  if (items.some(({ status }) => (status?.replicas ?? 0) > 0))
    throw new Error('an operator runs in namespace debugsession-system: take its Deployment away first');
}
