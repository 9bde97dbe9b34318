import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { kubeconfigFile } from './components.ts';
import type { Instance } from './instance.ts';
import { removeContainer } from './cri.ts';
import { enterNetwork } from './network.ts';
import { cachePaths, instanceFiles } from './paths.ts';
import { mustRun, type Outcome, run, type RunOptions } from './run-program.ts';
import { kubeconfig } from './settings.ts';
import { findInstance } from './slots.ts';
import { instanceProcesses, restartContainerd, restartControlPlane, startKubelet } from './start.ts';

export interface KubectlOptions {
  /** What kubectl reads from its standard input (`apply -f -`). */
  readonly input?: string;
  /** Milliseconds; default 600,000. The outcome's code is 124 then. */
  readonly timeoutMs?: number;
  /** Another identity than the administrator's: see {@link Cluster.createServiceAccountKubeconfig}. */
  readonly kubeconfig?: string;
}

/** A running cluster, as tests, demo and benchmarks use it. */
export interface Cluster {
  readonly name: string;
  /**
   * Path of the administrator's kubeconfig; `undefined` means kubectl's own choice (CLUSTER=current without
   * KUBECONFIG).
   */
  readonly kubeconfig: string | undefined;
  /** Path of kubectl, of the cluster's own version where we built it. */
  readonly kubectlPath: string;
  /** What only a cluster of our own launcher can do; `undefined` with CLUSTER=current. */
  readonly node: ClusterNode | undefined;
  /** Runs kubectl as the administrator. A failure is an outcome, never an exception. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Outcome>;
  /**
   * Makes a kubeconfig for a service account that exists, with a token from the TokenRequest API that is valid for
   * `hours` (default 8).
   * @returns its path. @throws Error with the server's words.
   */
  createServiceAccountKubeconfig(namespace: string, name: string, hours?: number): Promise<string>;
}

/** The machine's side of a cluster of our own. */
export interface ClusterNode {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** The machine, as the node and the API server reach it. */
  readonly hostAddress: string;
  readonly server: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The service `kubernetes`, as pods reach it at port 443. */
  readonly apiServiceAddress: string;
  /** One JSON object a line: Metadata of everything, bodies of debugsession.dev and of pods/ephemeralcontainers. */
  readonly auditLog: string;
  /** Where containerd answers, on the node. */
  readonly runtimeSocket: string;
  /** Manifests put in here run as static pods. */
  readonly staticPods: string;
  /** What the kubelet is configured by, in YAML. It reads it when it starts. */
  readonly kubeletConfig: string;
  /** etcd.log, kubelet.log and so on. */
  readonly logs: string;
  /** The words that run containerd's ctr in the kubelet's namespace, for what goes on until it is ended (`events`). */
  readonly ctrCommand: readonly string[];
  /** Runs containerd's ctr in the kubelet's namespace. */
  ctr(args: readonly string[]): Promise<Outcome>;
  /** The IDs of the containers that run, as containerd knows them: without a kubelet or an API server in between. */
  runningContainers(): Promise<Set<string>>;
  /**
   * Makes the node forget a container, as `crictl rm` would.
   * @param id without `containerd://`
   * @throws Error with the runtime's words
   */
  removeContainer(id: string): Promise<void>;
  /** Loads an OCI or docker archive. @throws Error when containerd refuses it. */
  loadImage(archive: string): Promise<void>;
  /**
   * Runs a program in the node's network: there the node's ports, the pods' and the services' addresses are reachable.
   */
  inNetwork(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Ends the kubelet (`graceMs` 0: by KILL); its containers run on. */
  stopKubelet(graceMs?: number): Promise<void>;
  /**
   * Starts it again; returns when the node is ready and logs, exec and attach work.
   * @throws Error with the end of its log.
   */
  startKubelet(): Promise<void>;
  /**
   * Ends containerd (by KILL) and starts it again; its containers run on. Returns when it answers.
   * @throws Error with the end of its log.
   */
  restartContainerd(): Promise<void>;
  /**
   * Ends etcd or the API server (by KILL) and starts it again. Returns when the API server is ready.
   * @throws Error with the end of its log.
   */
  restartControlPlane(name: 'etcd' | 'kube-apiserver'): Promise<void>;
}

/**
 * The cluster to work on: with CLUSTER=current the one kubectl points at, else the one called CLUSTER_NAME (default
 * `default`), which must have been started by `make cluster-up`.
 * @throws Error that says how to start it.
 */
export function cluster(environment: NodeJS.ProcessEnv = process.env): Cluster {
  if (environment['CLUSTER'] === 'current') return currentCluster(environment);
  const name = environment['CLUSTER_NAME'] || 'default';
  const instance = findInstance(name, cachePaths(environment));
  if (instance === undefined)
    throw new Error(`there is no cluster ${name}: start it with "make cluster-up CLUSTER_NAME=${name}"`);
  return launchedCluster(instance);
}

/** A cluster of our launcher. */
export function launchedCluster(instance: Instance): Cluster {
  const files = instanceFiles(instance.folder);
  const kubectlPath = join(instance.folder, 'bin', 'kubectl');
  const admin = files.adminKubeconfig;
  const kubectl: Cluster['kubectl'] = (args, options = {}) =>
    runKubectl(kubectlPath, options.kubeconfig ?? admin, args, options);
  return {
    name: instance.name,
    kubeconfig: admin,
    kubectlPath,
    node: clusterNode(instance),
    kubectl,
    createServiceAccountKubeconfig: async (namespace, name, hours = 8) => {
      const token = await requestToken(kubectl, namespace, name, hours);
      const file = kubeconfigFile(instance, `service-account-${namespace}-${name}`);
      // Another process may be reading the file of this account.
      writeFileSync(`${file}.${process.pid}`, kubeconfig(instance, name, { kind: 'token', token }), { mode: 0o600 });
      renameSync(`${file}.${process.pid}`, file);
      return file;
    },
  };
}

function clusterNode(instance: Instance): ClusterNode {
  const files = instanceFiles(instance.folder);
  const processes = instanceProcesses(instance);
  const ctr = [join(instance.folder, 'bin', 'ctr'), '--address', files.containerdSocket, '--namespace', 'k8s.io'];
  return {
    nodeName: instance.nodeName,
    nodeAddress: instance.nodeAddress,
    hostAddress: instance.hostAddress,
    server: instance.server,
    podSubnet: instance.podSubnet,
    serviceSubnet: instance.serviceSubnet,
    apiServiceAddress: instance.apiServiceAddress,
    auditLog: files.auditLog,
    runtimeSocket: files.containerdSocket,
    staticPods: files.staticPods,
    kubeletConfig: files.kubeletConfig,
    logs: files.logs,
    ctrCommand: ctr,
    ctr: (args) => run([...ctr, ...args]),
    runningContainers: async () => {
      const stdout = await mustRun([...ctr, 'tasks', 'ls']);
      return new Set(stdout.split('\n').flatMap((line) => /^(\S+)\s+\d+\s+RUNNING/.exec(line)?.[1] ?? []));
    },
    removeContainer: (id) => removeContainer(files.containerdSocket, id),
    loadImage: async (archive) => {
      await mustRun([...ctr, 'images', 'import', archive]);
    },
    inNetwork: (argv, options) => run([...enterNetwork(instance), ...argv], options),
    stopKubelet: (graceMs = 3000) => processes.stop('kubelet', graceMs),
    startKubelet: () => startKubelet(instance, processes),
    restartContainerd: () => restartContainerd(instance, processes),
    restartControlPlane: (name) => restartControlPlane(instance, processes, name),
  };
}

function currentCluster(environment: NodeJS.ProcessEnv): Cluster {
  // The first of a list is where kubectl would write; a list as a whole is for kubectl itself.
  const admin = environment['KUBECONFIG']?.split(delimiter)[0];
  const kubectl: Cluster['kubectl'] = (args, options = {}) =>
    run(['kubectl', ...args], {
      ...options,
      env: options.kubeconfig === undefined ? environment : { ...environment, KUBECONFIG: options.kubeconfig },
    });
  return {
    name: 'current',
    kubeconfig: admin,
    kubectlPath: 'kubectl',
    node: undefined,
    kubectl,
    createServiceAccountKubeconfig: async (namespace, name, hours = 8) => {
      const token = await requestToken(kubectl, namespace, name, hours);
      const view = await kubectl(['config', 'view', '--minify', '--raw', '--flatten']);
      if (view.code !== 0) throw new Error(`the current kubeconfig cannot be read: ${view.stderr.trim()}`);
      const folder = join(cachePaths(environment).root, 'current');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `service-account-${namespace}-${name}.kubeconfig`);
      writeFileSync(file, view.stdout, { mode: 0o600 });
      const own = { kubeconfig: file };
      const user = ['config', 'set-credentials', 'debugsession-service-account', `--token=${token}`];
      const context = ['config', 'set-context', '--current', '--user=debugsession-service-account'];
      for (const args of [user, context]) {
        const outcome = await kubectl(args, own);
        if (outcome.code !== 0) throw new Error(`no kubeconfig for ${namespace}/${name}: ${outcome.stderr.trim()}`);
      }
      return file;
    },
  };
}

async function requestToken(
  kubectl: Cluster['kubectl'],
  namespace: string,
  name: string,
  hours: number,
): Promise<string> {
  const outcome = await kubectl(['create', 'token', name, '--namespace', namespace, `--duration=${hours}h`]);
  if (outcome.code === 0) return outcome.stdout.trim();
  throw new Error(`no token for service account ${namespace}/${name}: ${outcome.stderr.trim()}`);
}

function runKubectl(path: string, config: string, args: readonly string[], options: KubectlOptions): Promise<Outcome> {
  // The cluster is at the end of a cable of our own: no proxy leads there.
  const env = { ...process.env, KUBECONFIG: config, NO_PROXY: '*', no_proxy: '*' };
  return run([path, ...args], { input: options.input, timeoutMs: options.timeoutMs, env });
}
