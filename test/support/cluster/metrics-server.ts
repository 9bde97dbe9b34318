import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseQuantity } from '../../../src/api/quantity.ts';
import type { PodMetrics } from '../../../src/reconcile/session-api.ts';
import { cachePaths } from '../../cluster/paths.ts';
import { ensureMetricsServer } from '../../cluster/programs.ts';
import { progressTo } from '../../cluster/progress.ts';
import type { Stage } from './stage.ts';

const NAME = 'metrics-server';
const SERVICES = '/api/v1/namespaces/kube-system/services';
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const API_SERVICE = 'v1beta1.metrics.k8s.io';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/**
 * Kubernetes' own metrics-server on the machine, for a cluster of our launcher: it asks the kubelet, and the API server
 * hands metrics.k8s.io on to it. It measures as often as it can, every 10 s. The first time it is built, which takes
 * minutes.
 *
 * The API server of a test cluster has no certificate to prove itself by, so metrics-server takes everybody for
 * anonymous, who may read. Whether somebody may read at all the API server has decided before.
 */
export class MetricsServer {
  readonly #stage: Stage;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(stage: Stage, child: ChildProcess, folder: string) {
    this.#stage = stage;
    this.#child = child;
    this.#folder = folder;
  }

  /** @throws Error when it cannot be built, or does not answer */
  static async start(stage: Stage): Promise<MetricsServer> {
    const { node, kubeconfig } = stage.cluster;
    if (node === undefined || kubeconfig === undefined) throw new Error('only a cluster of our own takes one');
    const programs = await ensureMetricsServer(cachePaths(process.env), progressTo(process.stderr));
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-metrics-'));
    const port = await freePortOn(node.hostAddress);
    const child = spawn(
      programs.get(NAME) ?? '',
      [
        ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map((it) => `--${it}=${kubeconfig}`),
        ...['--authentication-skip-lookup', '--kubelet-insecure-tls', '--kubelet-preferred-address-types=InternalIP'],
        ...[`--bind-address=${node.hostAddress}`, `--secure-port=${port}`, `--cert-dir=${folder}`],
        // What it offers, which the API server asks for as well.
        '--authorization-always-allow-paths=/apis,/apis/*,/livez,/readyz',
        ...['--metric-resolution=10s', '--kubelet-request-timeout=5s'],
      ],
      { stdio: 'ignore' },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    const server = new MetricsServer(stage, child, folder);
    await server.#announce(node.hostAddress, port);
    return server;
  }

  /** It has measured all containers of the pod that run now. */
  async untilItKnows(pod: string): Promise<void> {
    const knows = async (): Promise<boolean> => {
      const { status } = await this.#stage.pod(pod);
      const all = [...(status?.containerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])];
      const running = all.filter(({ state }) => state?.running !== undefined);
      const measured = await this.#measured(pod);
      return measured.size > 0 && running.every(({ name }) => measured.has(name));
    };
    await this.#stage.until(`all running containers of pod ${pod} have metrics`, knows);
  }

  /** Its newest sample says that the container uses at least so many MiB of memory. */
  async untilItSees(pod: string, container: string, mebibytes: number): Promise<void> {
    const sees = async (): Promise<boolean> => ((await this.#measured(pod)).get(container) ?? 0) >= mebibytes * 2 ** 20;
    await this.#stage.until(`container ${container} of pod ${pod} uses ${mebibytes} MiB`, sees);
  }

  /** The memory of each container, in bytes, by its name. Empty: it has no sample, or one of an earlier container. */
  async #measured(pod: string): Promise<ReadonlyMap<string, number>> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${this.#stage.namespace}/pods/${pod}`;
    const metrics = await this.#stage.client.get<PodMetrics>(path).catch((): PodMetrics => ({}));
    const usages = (metrics.containers ?? []).map(
      ({ name, usage }) => [name, parseQuantity(usage?.memory) ?? 0] as const,
    );
    return new Map(usages);
  }

  /** First the API goes: while one has no server, no namespace of the cluster can be deleted. */
  async stop(): Promise<void> {
    await this.#remove();
    const over = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await over;
    rmSync(this.#folder, { recursive: true });
  }

  async #announce(address: string, port: number): Promise<void> {
    await this.#remove();
    const { client } = this.#stage;
    // By its address and not by a service's: the API server's network has no route to those.
    await client.create(SERVICES, { metadata: { name: NAME }, spec: { type: 'ExternalName', externalName: address } });
    const rules = [{ apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['get'] }];
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:anonymous' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME };
    await client.create(`${RBAC}/clusterroles`, { metadata: { name: NAME }, rules });
    await client.create(`${RBAC}/clusterrolebindings`, { metadata: { name: NAME }, roleRef, subjects });
    await client.create(API_SERVICES, {
      metadata: { name: API_SERVICE },
      spec: {
        ...{ group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
        ...{ insecureSkipTLSVerify: true, service: { namespace: 'kube-system', name: NAME, port } },
      },
    });
  }

  async #remove(): Promise<void> {
    const paths = [`${API_SERVICES}/${API_SERVICE}`, `${SERVICES}/${NAME}`];
    const rights = ['clusterrolebindings', 'clusterroles'].map((kind) => `${RBAC}/${kind}/${NAME}`);
    for (const path of [...paths, ...rights]) await this.#stage.client.delete(path).catch(() => undefined);
  }
}

async function freePortOn(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
