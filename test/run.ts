import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildahPackage } from '../scripts/image.ts';
import { ensurePackages, hasProgram } from './cluster/packages.ts';
import { cachePaths } from './cluster/paths.ts';
import { ensureHelm, ensureKrew, ensureMetricsServer } from './cluster/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { ensurePromtool } from './support/documents/promtool.ts';
import { Tally } from './tally.ts';

// `make test`: every suite there is, one after the other, and one line at the end that counts them all.

const tally = new Tally();
const node = process.execPath;
const isOurs = process.env['CLUSTER'] !== 'current';
const STOPPED = 4;
/**
 * Files of `security` that take the policies or the resource of the whole cluster away for a while, fill it, or race
 * for a limit: nothing else may run beside them.
 */
const ALONE = [
  ...['approval-fail-closed', 'fail-closed', 'by-hand', 'guard-orders', 'verdict-orders', 'older-crd'],
  ...['flood', 'node-stop', 'limits-raced', 'connections'],
].map((name) => `security/${name}.test`);

await ensurePackages(progressTo(process.stderr), [
  { name: 'lua5.4', isThere: () => hasProgram('lua5.4') },
  { name: 'openssl', isThere: () => hasProgram('openssl') },
  { name: 'chromium', isThere: () => hasProgram('chromium') },
  ...['mksh', 'posh', 'yash', 'zsh'].map((name) => ({ name, isThere: () => hasProgram(name) })),
  { name: 'ksh93u+m', isThere: () => hasProgram('ksh93') },
  // They run the executable for arm64.
  { name: 'qemu-user-static', isThere: () => hasProgram('qemu-aarch64-static') },
  { name: 'libstdc++6-arm64-cross', isThere: () => existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6') },
  ...(isOurs ? [buildahPackage] : []),
]);
await ensurePromtool(progressTo(process.stderr));
tally.check('type check', ['tsc', '--noEmit']);
tally.check('lint', ['eslint', '.']);
tally.check('format', ['prettier', '--check', '--log-level=warn', '.']);
tally.check('prose', [process.execPath, 'scripts/prose.ts']);
tally.suite('unit', { workers: 2 });
tally.suite('process', { workers: 2, again: true });
tally.suite('simulation', { workers: 2 });
tally.suite('site', { workers: 2, again: true });
const wasStopped =
  isOurs && spawnSync(node, ['test/cluster/main.ts', 'status'], { stdio: 'ignore' }).status === STOPPED;
tally.check('cluster', [node, 'test/cluster/main.ts', 'up']);
// After the programs of the cluster, with which it shares most of what is compiled.
await ensureHelm(3, cachePaths(process.env), progressTo(process.stderr));
await ensureKrew(cachePaths(process.env), progressTo(process.stderr));
// A build in a test counts against the time limit of the test, and takes 20 minutes on a busy machine.
if (isOurs) await ensureMetricsServer(cachePaths(process.env), progressTo(process.stderr));
tally.suite('integration', { workers: 3, again: true });
if (isOurs) tally.suite('release', { workers: 1, again: true });
// With the look for broken promises in the API server's log, which is that of a cluster of ours (docs/adr/0053).
tally.suite('e2e', { workers: 4, again: true, ...(isOurs && { env: { CHECK_INVARIANTS: '1' } }) });
tally.suite('plugin', { workers: 3, again: true });
tally.suite('security', { workers: 3, without: ALONE, again: true });
tally.suite('security', { title: 'security, one by one', workers: 1, files: ALONE, again: true });
// An image cannot be loaded into a cluster of somebody else's.
if (isOurs) {
  // As many as there are files: they wait for pods, and no operator is started beside them.
  tally.suite('deployed', { workers: 6, again: true });
  tally.suite('in-cluster', { workers: 1, again: true });
  tally.suite('node', { workers: 1, again: true });
}
// What all of them left in the API server's log.
if (isOurs) tally.suite('audit', { workers: 1 });
// After the look at the log: these operators are killed, answered wrongly, or of another version.
if (isOurs) {
  const sample = { workers: 1, again: true };
  // All of them: `make faults`.
  tally.suite('faults', { title: 'faults, a sample', files: ['faults/sample'], ...sample });
  // The other ways: `make test-upgrade`.
  tally.suite('upgrade', { title: 'upgrade, from the last release', files: ['upgrade/upgrade'], ...sample });
}
tally.check('demo', [node, 'test/demo/main.ts']);
if (wasStopped) tally.check('cluster-down', [node, 'test/cluster/main.ts', 'down']);

tally.end();
