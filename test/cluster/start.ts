import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiProbe, apiProbe } from './api-probe.ts';
import { ensureCgroup } from './cgroups.ts';
import { componentArguments, type ComponentName, componentNames, kubeconfigFile } from './components.ts';
import { buildImages } from './images.ts';
import type { Instance } from './instance.ts';
import { enterNetwork, ensureNetwork, networkExists } from './network.ts';
import { systemPath } from './packages.ts';
import { instanceFiles } from './paths.ts';
import { certificateUsers, ensurePki } from './pki.ts';
import { Processes } from './processes.ts';
import type { Programs } from './programs.ts';
import type { Progress } from './progress.ts';
import { mustRun, run } from './run-program.ts';
import { auditPolicy, containerdConfig, kubeconfig, kubeletConfig, podNetwork } from './settings.ts';
import { tearDown } from './stop.ts';

export type StartResult =
  | { readonly kind: 'started' }
  | { readonly kind: 'already-running' }
  | { readonly kind: 'healed'; readonly components: readonly ComponentName[] };

/**
 * Brings the cluster up, from whatever is there: nothing, all of it, a part of it, or the remains of a start that was
 * killed. Once a start went through, what is missing is started again on the data that stand; a start that never went
 * through is thrown away.
 * @throws Error with the last words of the component that failed.
 */
export async function start(instance: Instance, programs: Programs, progress: Progress): Promise<StartResult> {
  const processes = instanceProcesses(instance);
  if (!canHeal(instance)) {
    if (existsSync(instance.folder)) {
      progress.line('cleaning up after a start or a machine that did not end in order');
      await tearDown(instance);
    }
    await startComponents(instance, programs, processes);
    writeFileSync(instanceFiles(instance.folder).complete, '');
    return { kind: 'started' };
  }
  refuseOtherPrograms(instance, programs);
  const missing = componentNames.filter((name) => !processes.isRunning(name));
  const probe = apiProbe(instance);
  if (missing.length === 0 && (await probe.apiReady()) && (await probe.nodeReady())) return { kind: 'already-running' };
  await startComponents(instance, programs, processes);
  return { kind: 'healed', components: missing };
}

/** The data of one version are not for another, and whoever asks for a version must not get the one that runs. */
function refuseOtherPrograms({ name, folder }: Instance, programs: Programs): void {
  const link = join(folder, 'bin', 'kube-apiserver');
  if (!existsSync(link) || readlinkSync(link) === programs.get('kube-apiserver')) return;
  throw new Error(
    `cluster ${name} was started with another version of Kubernetes or other pins; stop it first: make cluster-down CLUSTER_NAME=${name}`,
  );
}

export function instanceProcesses(instance: Instance): Processes {
  const { records, logs } = instanceFiles(instance.folder);
  return new Processes(records, logs);
}

/** Starts one component, inside the instance's network. Does nothing while it runs. */
export async function startComponent(instance: Instance, processes: Processes, name: ComponentName): Promise<void> {
  const bin = join(instance.folder, 'bin');
  await processes.start({
    name,
    argv: [...enterNetwork(instance), join(bin, name), ...componentArguments(name, instance)],
    // Nothing of the caller's environment: no proxy, no kubeconfig, no Go settings.
    env: { PATH: [bin, ...systemPath].join(':'), HOME: instance.folder },
  });
}

/** Starts the kubelet and waits until it knows its pods again: logs, exec and attach work then. */
export async function startKubelet(instance: Instance, processes: Processes): Promise<void> {
  await startComponent(instance, processes, 'kubelet');
  const probe = apiProbe(instance);
  const ready = async () => (await probe.nodeReady()) && (await probe.podsKnown());
  await waitUntil({ what: 'the kubelet to know its pods', ready, processes, launched: ['kubelet'] });
}

/** Ends containerd without a word and starts it again; what it ran is in the hands of its shims meanwhile. */
export async function restartContainerd(instance: Instance, processes: Processes): Promise<void> {
  await processes.stop('containerd', 0);
  await startComponent(instance, processes, 'containerd');
  const ctr = [join(instance.folder, 'bin', 'ctr'), '--address', instanceFiles(instance.folder).containerdSocket];
  const ready = async () => (await run([...ctr, 'version'])).code === 0;
  await waitUntil({ what: 'containerd to answer', ready, processes, launched: ['containerd'] });
}

/** Ends etcd or the API server without a word and starts it again. */
export async function restartControlPlane(
  instance: Instance,
  processes: Processes,
  name: 'etcd' | 'kube-apiserver',
): Promise<void> {
  await processes.stop(name, 0);
  await startComponent(instance, processes, name);
  const probe = apiProbe(instance);
  const ready = (): Promise<boolean> => probe.apiReady();
  await waitUntil({ what: 'kube-apiserver to be ready', ready, processes, launched: [name] });
}

function canHeal(instance: Instance): boolean {
  const { complete, bootId } = instanceFiles(instance.folder);
  const sameBoot = existsSync(bootId) && readFileSync(bootId, 'utf8') === currentBoot();
  return existsSync(complete) && sameBoot && networkExists(instance);
}

function currentBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
}

async function startComponents(instance: Instance, programs: Programs, processes: Processes): Promise<void> {
  const files = instanceFiles(instance.folder);
  mkdirSync(instance.folder, { recursive: true });
  writeFileSync(files.bootId, currentBoot());
  ensureCgroup(instance.cgroup);
  await Promise.all([ensureNetwork(instance), ensurePki(instance, files.pki)]);
  writeSettings(instance, programs);
  const launched: ComponentName[] = [];
  const launch = async (...names: ComponentName[]) => {
    await Promise.all(names.map((name) => startComponent(instance, processes, name)));
    launched.push(...names);
  };
  const until: Until = (what, ready) => waitUntil({ what, ready, processes, launched });
  const probe: ApiProbe = apiProbe(instance);
  await launch('etcd', 'containerd');
  await launch('kube-apiserver');
  await loadImages(instance, until);
  await until('kube-apiserver to be ready', () => probe.apiReady());
  await launch('kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy');
  await until('the node to be ready (kubelet)', () => probe.nodeReady());
  await until('the kubelet to know its pods', () => probe.podsKnown());
  await until('kube-proxy to write its rules', () => probe.servicesReady());
}

function writeSettings(instance: Instance, programs: Programs): void {
  const files = instanceFiles(instance.folder);
  const bin = join(instance.folder, 'bin');
  for (const folder of [
    bin,
    files.etcd,
    files.cniConf,
    files.kubeletRoot,
    files.podLogs,
    files.staticPods,
    files.logs,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  mkdirSync(files.containerdState, { recursive: true });
  for (const [name, target] of programs) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(target, join(bin, name));
  }
  const certificate = (name: string) => ({
    kind: 'certificate' as const,
    certificate: join(files.pki, `${name}.crt`),
    key: join(files.pki, `${name}.key`),
  });
  for (const name of [...certificateUsers.map((user) => user.name), 'node']) {
    writeFileSync(kubeconfigFile(instance, name), kubeconfig(instance, name, certificate(name)), { mode: 0o600 });
  }
  writeFileSync(files.auditPolicy, auditPolicy());
  writeFileSync(files.containerdConfig, containerdConfig(instance));
  writeFileSync(files.kubeletConfig, kubeletConfig(instance));
  writeFileSync(join(files.cniConf, '10-debugsession.conflist'), podNetwork(instance));
}

type Until = (what: string, ready: () => Promise<boolean>) => Promise<void>;

/** The images have to be there before the kubelet, which asks for the pause image first. */
async function loadImages(instance: Instance, until: Until): Promise<void> {
  const { images, containerdSocket } = instanceFiles(instance.folder);
  const bin = join(instance.folder, 'bin');
  const ctr = [join(bin, 'ctr'), '--address', containerdSocket];
  const archive = existsSync(images) ? undefined : await buildImages((name) => join(bin, name));
  await until('containerd to answer', async () => (await run([...ctr, 'version'])).code === 0);
  if (archive === undefined) return;
  const unfinished = `${images}.unfinished`;
  writeFileSync(unfinished, archive);
  await mustRun([...ctr, '--namespace', 'k8s.io', 'images', 'import', unfinished]);
  // Only now: a start that was killed in between imports again.
  rmSync(unfinished);
  writeFileSync(images, '');
}

interface Wait {
  readonly what: string;
  readonly ready: () => Promise<boolean>;
  readonly processes: Processes;
  readonly launched: readonly ComponentName[];
}

const patienceMs = 300_000;

async function waitUntil({ what, ready, processes, launched }: Wait): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await ready())) {
    const dead = launched.find((name) => !processes.isRunning(name));
    if (dead !== undefined) throw new StartError(`${dead} ended while waiting for ${what}`, dead, processes);
    if (performance.now() > deadline) {
      const guilty = componentNames.find((name) => what.includes(name)) ?? 'containerd';
      throw new StartError(`no success within ${patienceMs / 1000} s in waiting for ${what}`, guilty, processes);
    }
    await sleep(50);
  }
}

/** A start that failed, with the end of the log of the component that is to blame. */
export class StartError extends Error {
  constructor(message: string, component: string, processes: Processes) {
    super(`${message}; the last lines of ${component}.log:\n${processes.lastWords(component)}`);
    this.name = 'StartError';
  }
}
