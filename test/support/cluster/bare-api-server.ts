import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { cluster } from '../../cluster/cluster.ts';
import { instanceFiles } from '../../cluster/paths.ts';
import { freePort } from './free-port.ts';

/**
 * An API server with nothing in it, on loopback: etcd and kube-apiserver of the test cluster's own version, with its
 * certificates. For what must not happen to the cluster that all suites share: that there is no CRD, or that nobody
 * answers.
 */
export class BareApiServer {
  /** As an administrator. There before the server is. */
  readonly kubeconfig: string;
  readonly server: string;
  readonly #folder: string;
  readonly #programs: readonly { name: string; args: string[] }[];
  readonly #running: ChildProcess[] = [];

  private constructor(folder: string, ports: { etcd: number; peers: number; api: number }) {
    this.#folder = folder;
    this.server = `https://127.0.0.1:${ports.api}`;
    this.kubeconfig = join(folder, 'kubeconfig');
    const pki = (file: string): string => join(instanceFiles(clusterFolder()).pki, file);
    const user = { 'client-certificate': pki('admin.crt'), 'client-key': pki('admin.key') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'bare', cluster: { server: this.server, 'certificate-authority': pki('ca.crt') } }],
      users: [{ name: 'admin', user }],
      contexts: [{ name: 'bare', context: { cluster: 'bare', user: 'admin' } }],
      'current-context': 'bare',
    };
    writeFileSync(this.kubeconfig, stringify(config));
    const etcd = `http://127.0.0.1:${ports.etcd}`;
    this.#programs = [
      {
        name: 'etcd',
        args: [
          ...[`--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync', '--log-level=warn'],
          ...[`--listen-client-urls=${etcd}`, `--advertise-client-urls=${etcd}`],
          `--listen-peer-urls=http://127.0.0.1:${ports.peers}`,
        ],
      },
      {
        name: 'kube-apiserver',
        args: [
          ...[`--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${ports.api}`],
          // Its service `kubernetes` may have no endpoint: loopback cannot be one.
          ...['--endpoint-reconciler-type=none', '--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/24'],
          ...[`--tls-cert-file=${pki('server.crt')}`, `--tls-private-key-file=${pki('server.key')}`],
          ...[`--client-ca-file=${pki('ca.crt')}`, '--service-account-issuer=https://kubernetes.default.svc'],
          `--service-account-key-file=${pki('service-account.pub')}`,
          `--service-account-signing-key-file=${pki('service-account.key')}`,
        ],
      },
    ];
  }

  /** Chooses its address and writes the kubeconfig; nothing runs yet. */
  static async prepare(): Promise<BareApiServer> {
    const ports = { etcd: await freePort(), peers: await freePort(), api: await freePort() };
    return new BareApiServer(mkdtempSync(join(tmpdir(), 'bare-api-server-')), ports);
  }

  /** Resolves when it is ready. @throws Error with its last words when it ends before that. */
  async start(): Promise<void> {
    for (const { name, args } of this.#programs) {
      const log = openSync(join(this.#folder, `${name}.log`), 'a');
      const child = spawn(join(clusterFolder(), 'bin', name), args, { env: {}, stdio: ['ignore', log, log] });
      closeSync(log);
      process.once('exit', () => child.kill('SIGKILL'));
      this.#running.push(child);
    }
    while ((await this.kubectl('get', '--raw', '/readyz')).code !== 0) {
      const ended = this.#programs.find((_, index) => this.#running[index]?.exitCode !== null);
      if (ended !== undefined) throw new Error(`${ended.name} ended: ${this.#lastWords(ended.name)}`);
      await delay(100);
    }
  }

  kubectl(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return cluster().kubectl(args, { kubeconfig: this.kubeconfig });
  }

  /** Ends both and takes the data away. */
  async stop(): Promise<void> {
    for (const child of this.#running.splice(0).reverse()) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }

  #lastWords(name: string): string {
    return readFileSync(join(this.#folder, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-5)
      .join('\n');
  }
}

/** Where the shared cluster has its programs and certificates. */
function clusterFolder(): string {
  return dirname(dirname(cluster().kubectlPath));
}
