import { parseArgs } from 'node:util';
import { existsSync, mkdirSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cluster } from './cluster.ts';
import { componentNames } from './components.ts';
import { withLock } from './lock.ts';
import { checkName, deriveInstance } from './instance.ts';
import { ensurePackages } from './packages.ts';
import { cachePaths, instanceFiles } from './paths.ts';
import { checkPlatform } from './platform.ts';
import { ensurePrograms } from './programs.ts';
import { progressTo } from './progress.ts';
import { claimInstance, findInstance, releaseInstance } from './slots.ts';
import { instanceProcesses, start } from './start.ts';
import { leftovers, tearDown } from './stop.ts';
import { apiProbe } from './api-probe.ts';
import { imageNotice } from './image-names.ts';

const usage = `usage: node test/cluster/main.ts COMMAND [--name NAME]

  up          start the cluster, or what is missing of it
  down        stop it and remove all of it but the built programs
  status      what runs; exit code 0 when all of it does, 3 when a part does, 4 when nothing of it is left on the machine
  kubeconfig  the path of the administrator's kubeconfig
  env         shell commands that point kubectl at it: eval "$(node test/cluster/main.ts env)"

NAME is by default CLUSTER_NAME, else "default". CLUSTER=current takes the cluster kubectl points at instead.
`;

const paths = cachePaths(process.env);
const progress = progressTo(process.stderr);
const print = (text: string) => process.stdout.write(`${text}\n`);

type Command = (name: string) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  up,
  down,
  status,
  kubeconfig: printKubeconfig,
  env: printEnvironment,
};
const commandsForCurrent: Readonly<Record<string, Command>> = {
  up: upCurrent,
  down: async () => 0,
  status: upCurrent,
  kubeconfig: printKubeconfig,
  env: async () => 0,
};

async function up(name: string): Promise<number> {
  checkPlatform();
  const begin = performance.now();
  await ensurePackages(progress);
  const programs = await ensurePrograms(paths, progress);
  return exclusively(name, async () => {
    const instance = claimInstance(name, paths);
    try {
      const result = await start(instance, programs, progress);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      const healed =
        result.kind === 'healed'
          ? `; started again: ${result.components.join(', ') || 'nothing, it only was not ready'}`
          : '';
      print(
        `cluster ${name} ${result.kind === 'already-running' ? 'runs already' : `is ready after ${seconds} s`}${healed}`,
      );
      print(`export KUBECONFIG=${instanceFiles(instance.folder).adminKubeconfig}`);
      return 0;
    } catch (error) {
      // A cluster that once ran is somebody's work: it is for that person to give it up.
      if (existsSync(instanceFiles(instance.folder).complete)) {
        progress.line(`cluster ${name} could not be healed; "make cluster-down CLUSTER_NAME=${name}" gives it up`);
        throw error;
      }
      await keepLogs(name, instanceFiles(instance.folder).logs);
      await tearDown(instance);
      releaseInstance(instance, paths);
      throw error;
    }
  });
}

async function down(name: string): Promise<number> {
  checkPlatform();
  return exclusively(name, async () => {
    // After a reboot the slots are forgotten and the folder still stands.
    const remains = existsSync(join(paths.clusters, name)) ? claimInstance(name, paths) : undefined;
    const instance = findInstance(name, paths) ?? remains;
    if (instance === undefined) {
      print(`there is no cluster ${name}`);
      return 0;
    }
    await tearDown(instance);
    const left = leftovers(instance);
    if (left.length > 0) throw new Error(`cluster ${name} is down but for: ${left.join('; ')}`);
    releaseInstance(instance, paths);
    print(`cluster ${name} is down, nothing of it is left`);
    return 0;
  });
}

async function status(name: string): Promise<number> {
  const instance = findInstance(name, paths);
  if (instance === undefined) {
    print(`there is no cluster ${name}`);
    // The slot decides only about addresses, and nobody remembers which one it was.
    const left = leftovers(deriveInstance(name, 0, paths.clusters));
    for (const line of left.filter((line) => !line.startsWith('network interface'))) print(`left over: ${line}`);
    return 4;
  }
  const processes = instanceProcesses(instance);
  const probe = apiProbe(instance);
  const checks = [
    ...componentNames.map((component) => [component, processes.isRunning(component)] as const),
    ['API server ready', await probe.apiReady()] as const,
    ['node ready', await probe.nodeReady()] as const,
    ['services ready', await probe.servicesReady()] as const,
  ];
  for (const [what, good] of checks) print(`${good ? 'yes' : 'NO '}  ${what}`);
  print(
    `folder ${instance.folder}, node ${instance.nodeAddress}, pods ${instance.podSubnet}, services ${instance.serviceSubnet}`,
  );
  return checks.every(([, good]) => good) ? 0 : 3;
}

async function printKubeconfig(name: string): Promise<number> {
  const { kubeconfig } = cluster({ ...process.env, CLUSTER_NAME: name });
  print(kubeconfig ?? '');
  return 0;
}

async function printEnvironment(name: string): Promise<number> {
  const { kubeconfig, node } = cluster({ ...process.env, CLUSTER_NAME: name });
  const instance = findInstance(name, paths);
  print(`export KUBECONFIG='${kubeconfig}'`);
  print(`export PATH='${join(instance?.folder ?? '', 'bin')}':"$PATH"`);
  if (process.env['HTTPS_PROXY'] || process.env['https_proxy']) {
    print(`export NO_PROXY='${[process.env['NO_PROXY'], node?.nodeAddress].filter(Boolean).join(',')}'`);
  }
  return 0;
}

async function upCurrent(): Promise<number> {
  const outcome = await cluster().kubectl(['version', '--output=yaml'], { timeoutMs: 15_000 });
  if (outcome.code !== 0) {
    const words = outcome.stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(
      `CLUSTER=current, but the cluster that kubectl points at does not answer (${words}): check "kubectl config current-context"`,
    );
  }
  print('CLUSTER=current: the cluster that kubectl points at answers and is used as it is');
  print(imageNotice);
  return 0;
}

/** One launcher at a time for each cluster; different clusters do not wait for each other. */
function exclusively(name: string, work: () => Promise<number>): Promise<number> {
  const waiting = () => progress.line(`another launcher is busy with cluster ${name}; waiting for it`);
  return withLock(`cluster ${join(paths.clusters, name)}`, waiting, work);
}

async function keepLogs(name: string, logs: string): Promise<void> {
  const kept = join(paths.root, 'failed-starts', name);
  rmSync(kept, { recursive: true, force: true });
  if (!existsSync(logs)) return;
  mkdirSync(kept, { recursive: true });
  cpSync(logs, kept, { recursive: true });
  progress.line(`the logs of the start that failed are kept in ${kept}`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: 'string' }, help: { type: 'boolean' } },
  });
  const table = process.env['CLUSTER'] === 'current' ? commandsForCurrent : commands;
  const command = table[positionals[0] ?? ''];
  if (values.help === true || command === undefined || positionals.length > 1) {
    (values.help === true ? process.stdout : process.stderr).write(usage);
    return values.help === true ? 0 : 2;
  }
  const name = values.name ?? (process.env['CLUSTER_NAME'] || 'default');
  checkName(name);
  return command(name);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
