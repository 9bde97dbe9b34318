import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Count,
  counted,
  failedFiles,
  type Failure,
  failures,
  type JestReport,
  settled,
  skippedTests,
} from './jest-report.ts';

/**
 * How many files, of all suites, may run a second time. More failures than that are no accident (docs/adr/0057).
 * `SECOND_TRIES=0`: none.
 */
const SECOND_TRIES = Number(process.env['SECOND_TRIES'] ?? 3);

export interface SuiteOptions {
  /** What the line of the suite is called. Default: the project of jest. */
  title?: string;
  /** How many files run at once. */
  workers: number;
  /** Parts of the paths of the files that run. Default: all of the project. */
  files?: readonly string[];
  /** Parts of the paths of files that do not run. Default: none. */
  without?: readonly string[];
  /** Whether files that fail run once more: where real processes, servers or a browser take part. Default: false. */
  again?: boolean;
  /** In addition to the environment of this process. */
  env?: NodeJS.ProcessEnv;
}

/** Runs checks and suites one after the other, says what came of each, and counts. */
export class Tally {
  readonly #total: Count = { passed: 0, failed: 0, skipped: 0 };
  /** Names of checks and suites. */
  readonly #failed: string[] = [];
  readonly #failures: Failure[] = [];
  readonly #flaky: Failure[] = [];
  #triesLeft = SECOND_TRIES;

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
  suite(project: string, options: SuiteOptions): Count {
    const { title = project, workers, files = [], without = [], again = false, env = {} } = options;
    this.say(`== ${title}`);
    const begin = performance.now();
    const patterns = [
      ...(files.length > 0 ? ['--testPathPatterns', ...files] : []),
      ...(without.length > 0 ? ['--testPathIgnorePatterns', ...without] : []),
    ];
    const first = this.#jest(project, [`--maxWorkers=${workers}`, ...patterns], env);
    if (first.report === undefined) return this.#add(title, { passed: 0, failed: 1, skipped: 0 }, begin);
    let { report, status } = first;
    const failed = failedFiles(report);
    if (again && failed.length > 0 && failed.length <= this.#triesLeft) {
      this.#triesLeft -= failed.length;
      this.say(`== ${title}: the files that failed run once more`);
      const second = this.#jest(project, ['--maxWorkers=1', '--runTestsByPath', ...failed], env);
      if (second.report !== undefined) {
        const both = settled(report, second.report);
        ({ report } = both);
        ({ status } = second);
        for (const { test } of both.flaky) this.say(`   flaky: ${test}`);
        this.#flaky.push(...both.flaky);
      }
    }
    for (const name of skippedTests(report)) this.say(`   skipped: ${name}`);
    this.#failures.push(...failures(report));
    return this.#add(title, counted(report, status), begin);
  }

  /**
   * Says what was flaky and what failed, each test with its first message. The last line is the sum. Sets the exit code
   * of this process.
   */
  end(): void {
    const { passed, failed, skipped } = this.#total;
    if (this.#flaky.length > 0) this.say(`flaky, failed and then passed: ${this.#flaky.length}`);
    this.#sayEach(this.#flaky);
    if (this.#failed.length > 0) this.say(`failed: ${this.#failed.join(', ')}`);
    this.#sayEach(this.#failures);
    this.say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  }

  #sayEach(them: readonly Failure[]): void {
    for (const { file, test = 'outside of its tests', why } of them) this.say(`   ${file}: ${test}: ${why}`);
  }

  #jest(
    project: string,
    options: readonly string[],
    env: NodeJS.ProcessEnv,
  ): { status: number | null; report: JestReport | undefined } {
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-test-'));
    const file = join(folder, 'report.json');
    const argv = ['--selectProjects', project, '--json', `--outputFile=${file}`, ...options];
    // The JSON goes to the file as well as to standard output: there it is not wanted.
    const { status } = spawnSync('jest', argv, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings', ...env },
    });
    try {
      return { status, report: JSON.parse(readFileSync(file, 'utf8')) as JestReport };
    } catch {
      this.say(`   jest left no report: exit status ${status}`);
      return { status, report: undefined };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #add(name: string, count: Count, begin: number): Count {
    this.#total.passed += count.passed;
    this.#total.failed += count.failed;
    this.#total.skipped += count.skipped;
    if (count.failed > 0) this.#failed.push(name);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    this.say(`== ${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (${seconds} s)\n`);
    return count;
  }
}
