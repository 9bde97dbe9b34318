import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RestClient } from '../../../src/kube/rest-client.ts';
import type { RawPod } from '../../../src/reconcile/trim.ts';
import { cluster, type Cluster } from '../../cluster/cluster.ts';
import { connectToCluster } from './connect-to-cluster.ts';
import { repositoryPath } from '../documents/crd.ts';
import { untilBelieved } from '../jest/global-setup.ts';
import { longEnough } from '../../support/patience.ts';

export const OPERATOR_NAMESPACE = 'debugsession-system';
export const DEPLOYMENT = 'debugsession-controller-manager';
const LEASE = 'debugsession.dev';
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases`;

interface Lease {
  /** Empty once it has been given back. */
  spec: { holderIdentity?: string };
}

/** The operator as a cluster has it: what `kubectl apply -k config/...` made, in the namespace that it is made in. */
export class Installation {
  readonly cluster: Cluster = cluster();
  readonly client: RestClient = connectToCluster().client;

  /**
   * `kubectl apply -k`, as docs/install.md has it, of an overlay that names the image; then waits until its policies
   * are in force and both replicas are ready.
   * @param image full reference @param kustomization a folder
   */
  async apply(image: string, kustomization: string = repositoryPath('config/default')): Promise<void> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'debugsession-overlay-')));
    const [newName = '', newTag = ''] = image.split(/:(?=[^/]*$)/);
    const overlay = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      // Kustomize takes a folder by a relative path only.
      resources: [relative(folder, realpathSync(kustomization))],
      images: [{ name: 'debugsession-operator', newName, newTag }],
    };
    try {
      // JSON is YAML.
      writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
      await this.#kubectl('apply', '-k', folder);
      await untilBelieved();
    } finally {
      rmSync(folder, { recursive: true });
    }
    await this.kubectl('rollout', 'status', `deployment/${DEPLOYMENT}`, '--timeout=300s');
  }

  /** kubectl in the namespace of the operator; its standard output. @throws Error with the server's words */
  kubectl(...args: string[]): Promise<string> {
    return this.#kubectl('--namespace', OPERATOR_NAMESPACE, ...args);
  }

  async #kubectl(...args: string[]): Promise<string> {
    const outcome = await this.cluster.kubectl(args);
    if (outcome.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr.trim()}`);
    return outcome.stdout;
  }

  /** The replicas, without those that are on their way out. */
  async pods(): Promise<RawPod[]> {
    const labelSelector = 'app.kubernetes.io/name=debugsession,app.kubernetes.io/component=manager';
    const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`;
    const { items } = await this.client.list<{ items: RawPod[] }>(path, { labelSelector });
    return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  }

  /** What the replicas are told to run. */
  async images(): Promise<string[]> {
    const pods = (await this.pods()) as { spec?: { containers: { image?: string }[] } }[];
    return pods.flatMap(({ spec }) => spec?.containers.map(({ image }) => image ?? '') ?? []);
  }

  /** The name of the pod that holds the Lease, once it is as wanted. */
  async untilLeader(wanted: (pod: string) => boolean): Promise<string> {
    const [begin, bound] = [Date.now(), longEnough()];
    for (;;) {
      const fieldSelector = `metadata.name=${LEASE}`;
      const { items } = await this.client.list<{ items: Lease[] }>(LEASES, { fieldSelector });
      const name = podOf(items[0]);
      if (name !== '' && wanted(name)) return name;
      if (Date.now() - begin > bound)
        throw new Error(`the Lease is not held as wanted after ${bound} ms, but by ${name}`);
      await delay(100);
    }
  }

  /**
   * Who holds the Lease, each time that this changes, until `signal`: names of pods, and '' where it has been given
   * back.
   */
  async holders(signal: AbortSignal): Promise<string[]> {
    const seen: string[] = [];
    const options = { fieldSelector: `metadata.name=${LEASE}`, timeoutSeconds: 300 };
    try {
      for await (const { object } of this.client.watch<Lease>(LEASES, options, signal)) {
        if (podOf(object) !== seen.at(-1)) seen.push(podOf(object));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return seen;
  }

  /** The last lines of all replicas. */
  async tail(lines: number): Promise<string> {
    const selector = `--selector=app.kubernetes.io/component=manager`;
    return this.kubectl('logs', selector, `--tail=${lines}`, '--prefix').catch((error: unknown) => String(error));
  }

  /**
   * Takes it away in the documented order, but for what the suites' setup makes. Nothing is left that the next
   * installation would find.
   */
  async remove(): Promise<void> {
    await this.#kubectl('delete', 'debugsessions', '--all', '--all-namespaces', '--timeout=300s');
    // In the foreground: the Deployment goes after its pods, which the next run must not find.
    await this.kubectl('delete', 'deployment', DEPLOYMENT, '--ignore-not-found', '--cascade=foreground');
    // So that every run makes it anew, and needs the right to.
    await this.kubectl('delete', 'lease', LEASE, '--ignore-not-found');
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** The identity of a holder is the name of its host, which is that of its pod, and something random. */
function podOf(lease: Lease | undefined): string {
  return lease?.spec.holderIdentity?.split('_')[0] ?? '';
}
