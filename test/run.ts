import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildahPackage } from '../scripts/image.ts';
import { isStopped, launcher } from './cluster/launch.ts';
import { ensurePackages, hasProgram } from './cluster/packages.ts';
import { cachePaths } from './cluster/paths.ts';
import { ensureHelm, ensureKrew, ensureMetricsServer } from './cluster/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { ensurePromtool } from './support/documents/promtool.ts';
import { Tally } from './tally.ts';

// `make test`: every suite there is, and one line at the end that counts them all. Most suites wait for a kubelet, so
// rows of them run beside each other, on two clusters (docs/adr/0069).

const tally = new Tally();
const node = process.execPath;
const isOurs = process.env['CLUSTER'] !== 'current';
const name = process.env['CLUSTER_NAME'] || 'default';
const second = { CLUSTER_NAME: `${name}-2` };
/** A cluster of somebody else's is one, and no image can be loaded into it. */
const clusters = isOurs ? [{ CLUSTER_NAME: name }, second] : [{ CLUSTER_NAME: name }];
/**
 * Files of `security` that take the policies or the resource of the whole cluster away for a while, fill it, or race
 * for a limit: nothing else may run beside them.
 */
const ALONE = [
  ...['approval-fail-closed', 'fail-closed', 'by-hand', 'guard-orders', 'verdict-orders', 'older-crd'],
  ...['flood', 'node-stop', 'limits-raced', 'connections'],
].map((name) => `security/${name}.test`);
/** Its containers take both cores: nothing else may run beside it. */
const FORKING = ['in-cluster/hostile-node-first.test'];

// Memory for time: these programs collect garbage for a fifth of their time, and each test starts some of them.
process.env['GOGC'] ??= '400';
process.env['NODE_COMPILE_CACHE'] ??= join(cachePaths(process.env).root, 'node-code');

await ensurePackages(progressTo(process.stderr), [
  { name: 'lua5.4', isThere: () => hasProgram('lua5.4') },
  { name: 'openssl', isThere: () => hasProgram('openssl') },
  { name: 'chromium', isThere: () => hasProgram('chromium') },
  ...['mksh', 'posh', 'yash', 'zsh'].map((name) => ({ name, isThere: () => hasProgram(name) })),
  { name: 'strace', isThere: () => hasProgram('strace') },
  { name: 'ksh93u+m', isThere: () => hasProgram('ksh93') },
  // They run the executable for arm64.
  { name: 'qemu-user-static', isThere: () => hasProgram('qemu-aarch64-static') },
  { name: 'libstdc++6-arm64-cross', isThere: () => existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6') },
  ...(isOurs ? [buildahPackage] : []),
]);
await ensurePromtool(progressTo(process.stderr));
await tally.beside(looks, computations);
// Once for all suites, which would each build it.
if (await tally.check('build', [node, 'scripts/build.ts'])) process.env['OPERATOR_IS_BUILT'] = '1';
const wereStopped = clusters.filter((env) => isStopped(env));
for (const env of clusters) await tally.check(`cluster ${env.CLUSTER_NAME}`, launcher('up'), env);
// After the programs of the cluster, with which it shares most of what is compiled.
await ensureHelm(3, cachePaths(process.env), progressTo(process.stderr));
await ensureKrew(cachePaths(process.env), progressTo(process.stderr));
// A build in a test counts against the time limit of the test, and takes 20 minutes on a busy machine.
if (isOurs) await ensureMetricsServer(cachePaths(process.env), progressTo(process.stderr));
await tally.beside(operators, artifacts, ...(isOurs ? [installations] : []));
if (isOurs) {
  const title = 'in-cluster, commands that fork without end';
  await tally.suite('in-cluster', { title, workers: 1, files: FORKING, again: true, env: second });
  // What all of them left in the logs of the API servers.
  const AUDIT_CLUSTERS = clusters.map(({ CLUSTER_NAME }) => CLUSTER_NAME).join(' ');
  await tally.suite('audit', { workers: 1, env: { AUDIT_CLUSTERS } });
  // After the look at the logs: these operators are killed, answered wrongly, or of another version.
  await tally.beside(faults, releases);
}
for (const env of wereStopped) await tally.check(`cluster-down ${env.CLUSTER_NAME}`, launcher('down'), env);

tally.end();

/** Each of them takes one core. */
async function looks(): Promise<void> {
  await tally.check('type check', ['tsc', '--noEmit']);
  await tally.check('lint', ['eslint', '.']);
  await tally.check('format', ['prettier', '--check', '--log-level=warn', '.']);
  await tally.check('prose', [node, 'scripts/prose.ts']);
}

/** What people read and download. It takes the time in which the other rows wait for a kubelet. */
async function artifacts(): Promise<void> {
  await tally.suite('site', { workers: 1, again: true });
  // After the site: while another suite starts on that cluster, both would install the resource.
  if (isOurs) await tally.suite('release', { workers: 1, again: true });
}

async function computations(): Promise<void> {
  await tally.suite('unit', { workers: 2 });
  await tally.suite('simulation', { workers: 2 });
  await tally.suite('process', { workers: 2, again: true });
}

/** Each file starts its own operators, so several files run at once. */
async function operators(): Promise<void> {
  await tally.suite('integration', { workers: 3, again: true });
  await tally.suite('e2e', { workers: 4, again: true });
  await tally.suite('plugin', { workers: 3, again: true });
  await tally.suite('security', { workers: 3, without: ALONE, again: true });
  if (isOurs) {
    // Last: it takes the kubelet and containerd away.
    await tally.suite('node', { workers: 1, again: true });
    return;
  }
  await oneByOne({});
  await tally.check('demo', [node, 'test/demo/main.ts']);
}

/** On a cluster of its own: installed operators serve every namespace, and the other files change what all see. */
async function installations(): Promise<void> {
  const env = second;
  // As many as there are files: they wait for pods, and no operator is started beside them.
  await tally.suite('deployed', { workers: 6, again: true, env });
  await tally.suite('in-cluster', { workers: 1, without: FORKING, again: true, env });
  await oneByOne(env);
}

async function oneByOne(env: NodeJS.ProcessEnv): Promise<void> {
  await tally.suite('security', { title: 'security, one by one', workers: 1, files: ALONE, again: true, env });
}

async function faults(): Promise<void> {
  // All of them: `make faults`. With the look for broken promises, as `audit` has looked already (docs/adr/0053).
  const options = { title: 'faults, a sample', env: { CHECK_INVARIANTS: '1' } };
  await tally.suite('faults', { ...options, files: ['faults/sample'], workers: 1, again: true });
}

async function releases(): Promise<void> {
  // The other ways: `make test-upgrade`.
  const title = 'upgrade, from the last release';
  await tally.suite('upgrade', { title, files: ['upgrade/upgrade'], workers: 1, again: true, env: second });
  await tally.check('demo', [node, 'test/demo/main.ts'], second);
}
