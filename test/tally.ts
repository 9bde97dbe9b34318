import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
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
const SECOND_TRIES = Number(process.env['SECOND_TRIES'] ?? 6);

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

/** One check or suite. */
interface Part {
  begin: number;
  /** Where its processes write to, as in `stdio`. */
  output: number | 'inherit';
  say: (text: string) => void;
}

/** Runs checks and suites one after the other or beside each other, says what came of each, and counts. */
export class Tally {
  readonly #total: Count = { passed: 0, failed: 0, skipped: 0 };
  /** Names of checks and suites. */
  readonly #failed: string[] = [];
  readonly #failures: Failure[] = [];
  readonly #flaky: Failure[] = [];
  #triesLeft = SECOND_TRIES;
  #areBeside = false;

  /**
   * Runs rows of checks and suites beside each other. So that their lines do not mix, a part's output comes when the
   * part has ended.
   */
  async beside(...rows: (() => Promise<void>)[]): Promise<void> {
    this.#areBeside = true;
    await Promise.all(rows.map((row) => row()));
    this.#areBeside = false;
  }

  /** A check that passes or fails as a whole. */
  check(name: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<boolean> {
    return this.#part(name, async ({ begin, output, say }) => {
      const status = await ended(argv, ['ignore', output, output], env);
      const ok = status === 0;
      this.#add(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }, begin, say);
      return ok;
    });
  }

  /** One project of jest.config.js. */
  suite(project: string, options: SuiteOptions): Promise<Count> {
    return this.#part(options.title ?? project, (part) => this.#suite(project, options, part));
  }

  async #suite(project: string, options: SuiteOptions, part: Part): Promise<Count> {
    const { title = project, workers, files = [], without = [], again = false, env = {} } = options;
    const { begin, say } = part;
    const patterns = [
      ...(files.length > 0 ? ['--testPathPatterns', ...files] : []),
      ...(without.length > 0 ? ['--testPathIgnorePatterns', ...without] : []),
    ];
    const first = await jest(project, [`--maxWorkers=${workers}`, ...patterns], env, part);
    if (first.report === undefined) return this.#add(title, { passed: 0, failed: 1, skipped: 0 }, begin, say);
    let { report, status } = first;
    const failed = failedFiles(report);
    if (again && failed.length > 0 && failed.length <= this.#triesLeft) {
      this.#triesLeft -= failed.length;
      say(`== ${title}: the files that failed run once more`);
      const second = await jest(project, ['--maxWorkers=1', '--runTestsByPath', ...failed], env, part);
      if (second.report !== undefined) {
        const both = settled(report, second.report);
        ({ report } = both);
        ({ status } = second);
        for (const { test } of both.flaky) say(`   flaky: ${test}`);
        this.#flaky.push(...both.flaky);
      }
    }
    for (const name of skippedTests(report)) say(`   skipped: ${name}`);
    this.#failures.push(...failures(report));
    return this.#add(title, counted(report, status), begin, say);
  }

  /**
   * Says what was flaky and what failed, each test with its first message. The last line is the sum. Sets the exit code
   * of this process.
   */
  end(): void {
    const { passed, failed, skipped } = this.#total;
    if (this.#flaky.length > 0) print(`flaky, failed and then passed: ${this.#flaky.length}`);
    this.#sayEach(this.#flaky);
    if (this.#failed.length > 0) print(`failed: ${this.#failed.join(', ')}`);
    this.#sayEach(this.#failures);
    print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  }

  #sayEach(them: readonly Failure[]): void {
    for (const { file, test = 'outside of its tests', why } of them) print(`   ${file}: ${test}: ${why}`);
  }

  /** What a part writes goes to the terminal as it comes; beside other parts, when the part has ended. */
  async #part<T>(title: string, run: (part: Part) => Promise<T>): Promise<T> {
    const begin = performance.now();
    if (!this.#areBeside) {
      print(`== ${title}`);
      return run({ begin, output: 'inherit', say: print });
    }
    print(`== ${title}: begins`);
    const folder = mkdtempSync(join(tmpdir(), 'debugsession-test-'));
    const file = join(folder, 'output');
    const output = openSync(file, 'a');
    try {
      return await run({ begin, output, say: (text) => writeSync(output, `${text}\n`) });
    } finally {
      closeSync(output);
      print(readFileSync(file, 'utf8').trimEnd());
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #add(name: string, count: Count, begin: number, say: Part['say']): Count {
    this.#total.passed += count.passed;
    this.#total.failed += count.failed;
    this.#total.skipped += count.skipped;
    if (count.failed > 0) this.#failed.push(name);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    say(`== ${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (${seconds} s)\n`);
    return count;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs a program to its end. @returns its exit code; null: a signal ended it, or it could not be started */
async function ended(
  [program = '', ...args]: readonly string[],
  stdio: StdioOptions,
  env: NodeJS.ProcessEnv,
): Promise<number | null> {
  const child = spawn(program, args, { stdio, env: { ...process.env, ...env } });
  try {
    const [status] = (await once(child, 'exit')) as [number | null];
    return status;
  } catch (error) {
    print(String(error));
    return null;
  }
}

async function jest(
  project: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv,
  { output, say }: Part,
): Promise<{ status: number | null; report: JestReport | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-test-'));
  const file = join(folder, 'report.json');
  const argv = ['jest', '--selectProjects', project, '--json', `--outputFile=${file}`, ...options];
  const ours = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings', ...env };
  // The JSON goes to the file as well as to standard output: there it is not wanted.
  const status = await ended(argv, ['ignore', 'ignore', output], ours);
  try {
    return { status, report: JSON.parse(readFileSync(file, 'utf8')) as JestReport };
  } catch {
    say(`   jest left no report: exit status ${status}`);
    return { status, report: undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
