import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { POLICY_KIND, POLICY_PLURAL } from '../../src/api/debugpolicy.ts';
import { API_VERSION } from '../../src/api/debugsession.ts';
import { connect } from '../../src/kube/connect.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { cluster, type Cluster, type ClusterNode } from '../cluster/cluster.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { isReady, shellPod } from '../support/builders/pods.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { prepareClusterAlone } from '../support/jest/global-setup.ts';
import type { Scene } from './lives.ts';
import { Pods } from './pods.ts';
import { Replica } from './process.ts';
import { Sessions } from './sessions.ts';

const ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const HOST_POD = 'host';

/** The cluster, and what is put into it. */
export class Stand {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly client: RestClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'soak-'));
  readonly #stamp = Date.now().toString(36);
  readonly #replicas: Replica[] = [];
  readonly #scenes: Scene[] = [];
  #policyName: string | undefined;

  private constructor(target: Cluster, node: ClusterNode) {
    this.cluster = target;
    this.node = node;
    this.client = connect({ kubeconfig: target.kubeconfig ?? '' }).client;
  }

  /** @throws Error when the cluster is not one of ours, or an operator runs in it */
  static async open(): Promise<Stand> {
    const target = cluster();
    if (target.node === undefined) throw new Error('this run needs a cluster of its own: unset CLUSTER');
    await prepareClusterAlone();
    return new Stand(target, target.node);
  }

  /** A namespace whose sessions one operator serves, with a pod on the node's network. */
  async scene(name: string): Promise<Scene> {
    const { client, node } = this;
    const namespace = `${name}-${this.#stamp}`;
    await client.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    while ((await client.list<{ items: unknown[] }>(accounts)).items.length === 0) await delay(50);
    await client.create(podsPath(namespace), { metadata: { name: HOST_POD }, spec: hostPod() });
    while (!isReady(await client.get<RawPod>(`${podsPath(namespace)}/${HOST_POD}`))) await delay(250);
    const [sessions, pods] = [new Sessions(client, namespace), new Pods(client, namespace, node)];
    const scene = { client, namespace, sessions, pods, policyName: await this.#narrowPolicy(), hostPod: HOST_POD };
    this.#scenes.push(scene);
    return scene;
  }

  /** One that the two namespaces share: a policy is of the whole cluster. */
  async #narrowPolicy(): Promise<string> {
    if (this.#policyName !== undefined) return this.#policyName;
    const name = `soak-${this.#stamp}`;
    const spec = { images: [busyboxImage], profiles: ['general'], allow: ['TargetContainer'] };
    await this.client.create(`/apis/${API_VERSION}/${POLICY_PLURAL}`, {
      apiVersion: API_VERSION,
      kind: POLICY_KIND,
      metadata: { name },
      spec,
    });
    this.#policyName = name;
    return name;
  }

  /** The right to a Lease in a namespace, as the operator has it in its own. */
  async grantLease(namespace: string): Promise<void> {
    const role = parse(readFileSync(repositoryPath('config/rbac/leader-election-role.yaml'), 'utf8')) as {
      metadata: { name: string };
    };
    const { name } = role.metadata;
    await this.client.create(`${RBAC}/namespaces/${namespace}/roles`, { ...role, metadata: { name } });
    await this.client.create(`${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', namespace: ACCOUNT[0], name: ACCOUNT[1] }],
    });
  }

  /** A process of the built operator, which is started later. */
  async replica(name: string, namespace: string, lease: Pick<Lease, 'namespace' | 'flags'>): Promise<Replica> {
    const kubeconfig = await this.cluster.createServiceAccountKubeconfig(...ACCOUNT);
    const { namespace: leaseNamespace, flags } = lease;
    const replica = new Replica(name, { folder: this.#folder, kubeconfig, namespace, leaseNamespace, flags });
    this.#replicas.push(replica);
    return replica;
  }

  /** Ends what was started. @param keep whether the cluster stays, and has to be cleaned */
  async close(keep: boolean): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
    await Promise.all(this.#scenes.map(({ sessions }) => sessions.stop()));
    if (keep) await this.#sweep();
    await this.client.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #sweep(): Promise<void> {
    for (const { namespace, sessions } of this.#scenes) {
      const free = [
        'patch',
        'dbg',
        '--type=merge',
        '--patch={"metadata":{"finalizers":null}}',
        `--namespace=${namespace}`,
      ];
      for (const name of sessions.names) await this.cluster.kubectl([...free, name]);
      await this.client.delete(`/api/v1/namespaces/${namespace}`);
    }
    if (this.#policyName !== undefined)
      await this.client.delete(`/apis/${API_VERSION}/${POLICY_PLURAL}/${this.#policyName}`);
  }
}

export interface Lease {
  namespace: string;
  flags: readonly string[];
}

/** The Lease of a Deployment. */
export const SHIPPED_LEASE: Lease = { namespace: ACCOUNT[0], flags: [] };

/** A Lease that outlives a restart of the API server. */
export function patientLease(namespace: string): Lease {
  return {
    namespace,
    flags: ['--leader-election-lease-duration=180s', '--leader-election-renew-deadline=150s'],
  };
}

function hostPod(): object {
  return shellPod('exec sleep 1000000', { hostNetwork: true });
}
