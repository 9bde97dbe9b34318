import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildahPackage } from '../scripts/image.ts';
import { ensurePackages, hasProgram } from './cluster/packages.ts';
import { cachePaths } from './cluster/paths.ts';
import { ensureHelm, ensureKrew } from './cluster/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { ensurePromtool } from './support/documents/promtool.ts';

// `make test`: every suite there is, one after the other, and one line at the end that counts them all.

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** What the parts of jest's --json report that we read look like. */
interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
}

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function count(name: string, { passed, failed, skipped }: Count, seconds: number): void {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  if (failed > 0) failures.push(name);
  say(`== ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(0)} s)\n`);
}

function run(argv: string[], env: NodeJS.ProcessEnv = process.env): number {
  const [program = '', ...args] = argv;
  return spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status ?? 1;
}

/** A check that passes or fails as a whole. */
function check(name: string, argv: string[]): void {
  say(`== ${name}`);
  const begin = performance.now();
  const ok = run(argv) === 0;
  count(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }, (performance.now() - begin) / 1000);
}

/** One project of jest.config.js. */
function suite(name: string, workers: string): void {
  say(`== ${name}`);
  const begin = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-test-'));
  const file = join(folder, 'report.json');
  const argv = ['jest', '--selectProjects', name, `--maxWorkers=${workers}`, '--json', `--outputFile=${file}`];
  // The JSON goes to the file as well as to standard output: there it is not wanted.
  const status = spawnSync(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
  }).status;
  const seconds = (performance.now() - begin) / 1000;
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
    const skipped = report.testResults
      .flatMap((result) => result.assertionResults)
      .filter((test) => test.status === 'pending' || test.status === 'todo');
    for (const test of skipped) say(`   skipped: ${test.fullName}`);
    // A suite that could not be loaded has no tests to count, and jest may fail after all tests have passed.
    const broken =
      report.numRuntimeErrorTestSuites +
      (status !== 0 && report.numFailedTests + report.numRuntimeErrorTestSuites === 0 ? 1 : 0);
    count(
      name,
      { passed: report.numPassedTests, failed: report.numFailedTests + broken, skipped: skipped.length },
      seconds,
    );
  } catch {
    say(`   jest left no report: exit status ${status}`);
    count(name, { passed: 0, failed: 1, skipped: 0 }, seconds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const node = process.execPath;
const isOurs = process.env['CLUSTER'] !== 'current';
const STOPPED = 4;

await ensurePackages(progressTo(process.stderr), [
  { name: 'lua5.4', isThere: () => hasProgram('lua5.4') },
  { name: 'openssl', isThere: () => hasProgram('openssl') },
  ...['mksh', 'posh', 'yash', 'zsh'].map((name) => ({ name, isThere: () => hasProgram(name) })),
  { name: 'ksh93u+m', isThere: () => hasProgram('ksh93') },
  ...(isOurs ? [buildahPackage] : []),
]);
await ensurePromtool(progressTo(process.stderr));
check('type check', ['tsc', '--noEmit']);
check('lint', ['eslint', '.']);
check('format', ['prettier', '--check', '--log-level=warn', '.']);
check('prose', [process.execPath, 'scripts/prose.ts']);
suite('unit', '2');
suite('process', '2');
suite('simulation', '2');
const wasStopped =
  isOurs && spawnSync(node, ['test/cluster/main.ts', 'status'], { stdio: 'ignore' }).status === STOPPED;
check('cluster', [node, 'test/cluster/main.ts', 'up']);
// After the programs of the cluster, with which it shares most of what is compiled.
await ensureHelm(3, cachePaths(process.env), progressTo(process.stderr));
await ensureKrew(cachePaths(process.env), progressTo(process.stderr));
suite('integration', '3');
suite('e2e', '4');
suite('plugin', '3');
suite('security', '1');
// An image cannot be loaded into a cluster of somebody else's.
if (isOurs) {
  // As many as there are files: they wait for pods, and no operator is started beside them.
  suite('deployed', '6');
  suite('in-cluster', '1');
  suite('node', '1');
}
// What all of them left in the API server's log.
if (isOurs) suite('audit', '1');
check('demo', [node, 'test/demo/main.ts']);
if (wasStopped) check('cluster-down', [node, 'test/cluster/main.ts', 'down']);

if (failures.length > 0) say(`failed: ${failures.join(', ')}`);
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
