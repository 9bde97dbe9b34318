import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Count {
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

export interface SuiteOptions {
  /** What the line of the suite is called. Default: the project of jest. */
  title?: string;
  /** How many files run at once. */
  workers: number;
  /** Parts of the paths of the files that run. Default: all of the project. */
  files?: readonly string[];
  /** In addition to the environment of this process. */
  env?: NodeJS.ProcessEnv;
}

/** Runs checks and suites one after the other, says what came of each, and counts. */
export class Tally {
  readonly #total: Count = { passed: 0, failed: 0, skipped: 0 };
  readonly #failures: string[] = [];

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** A check that passes or fails as a whole. */
  check(name: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
    this.say(`== ${name}`);
    const begin = performance.now();
    const [program = '', ...args] = argv;
    const { status } = spawnSync(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    const ok = status === 0;
    this.#add(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }, begin);
    return ok;
  }

  /** One project of jest.config.js. */
  suite(project: string, { title = project, workers, files = [], env = {} }: SuiteOptions): Count {
    this.say(`== ${title}`);
    const begin = performance.now();
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-test-'));
    const file = join(folder, 'report.json');
    const argv = ['--selectProjects', project, `--maxWorkers=${workers}`, '--json', `--outputFile=${file}`];
    if (files.length > 0) argv.push('--testPathPatterns', ...files);
    // The JSON goes to the file as well as to standard output: there it is not wanted.
    const { status } = spawnSync('jest', argv, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings', ...env },
    });
    try {
      return this.#add(title, this.#counted(file, status), begin);
    } catch {
      this.say(`   jest left no report: exit status ${status}`);
      return this.#add(title, { passed: 0, failed: 1, skipped: 0 }, begin);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Says the sum, as the last line, and sets the exit code of this process. */
  end(): void {
    const { passed, failed, skipped } = this.#total;
    if (this.#failures.length > 0) this.say(`failed: ${this.#failures.join(', ')}`);
    this.say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  }

  #counted(file: string, status: number | null): Count {
    const report = JSON.parse(readFileSync(file, 'utf8')) as JestReport;
    const skipped = report.testResults
      .flatMap((result) => result.assertionResults)
      .filter((test) => test.status === 'pending' || test.status === 'todo');
    for (const test of skipped) this.say(`   skipped: ${test.fullName}`);
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    // A suite that could not be loaded has no tests to count, and jest may fail after all tests have passed.
    const broken = status !== 0 && failed === 0 ? 1 : 0;
    return { passed: report.numPassedTests, failed: failed + broken, skipped: skipped.length };
  }

  #add(name: string, count: Count, begin: number): Count {
    this.#total.passed += count.passed;
    this.#total.failed += count.failed;
    this.#total.skipped += count.skipped;
    if (count.failed > 0) this.#failures.push(name);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    this.say(`== ${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (${seconds} s)\n`);
    return count;
  }
}
