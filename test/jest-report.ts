import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { oneLine } from '../src/text/one-line.ts';

/** What the parts of jest's --json report that we read look like. */
export interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    /** Path of the file. */
    name: string;
    status: string;
    /** Why the file could not be loaded, or all failures of its tests. Absent: it passed. */
    message?: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}

export interface Failure {
  /** Path of the file, from the folder of the project. */
  file: string;
  /** Full name of the test. Undefined: the file could not be loaded, or a hook after its tests failed. */
  test: string | undefined;
  /** The first message, in one line, without the stack. */
  why: string;
}

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** `status`: of the process. Jest may fail after all tests have passed: that counts as one failure. */
export function counted(report: JestReport, status: number | null): Count {
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const broken = status !== 0 && failed === 0 ? 1 : 0;
  return {
    passed: report.numPassedTests,
    failed: failed + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function skippedTests(report: JestReport): string[] {
  return testsThat(report, ['pending', 'todo']);
}

/** Paths of the files with a test that failed, or that could not be loaded. */
export function failedFiles(report: JestReport): string[] {
  return report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/** The tests that failed, and the files that failed without one, in the order of the report. */
export function failures({ testResults }: Pick<JestReport, 'testResults'>): Failure[] {
  return testResults.flatMap(({ name, status, message, assertionResults }): Failure[] => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [{ file, test: undefined, why: firstWords(message) }];
    return failed.map(({ fullName, failureMessages }) => ({
      file,
      test: fullName,
      why: firstWords(failureMessages?.[0]),
    }));
  });
}

function firstWords(message = ''): string {
  const [words = ''] = stripVTControlCharacters(message).split(/^\s+at /m);
  return oneLine(words, 400);
}

/**
 * What came of a suite whose failed files ran again: the other files as in `first`, those files as in `again`.
 * `flaky`: the tests that failed first and pass now.
 */
export function settled(first: JestReport, again: JestReport): { report: JestReport; flaky: Failure[] } {
  const files = new Set(failedFiles(first));
  const kept = first.testResults.filter(({ name }) => !files.has(name));
  const testResults = [...kept, ...again.testResults];
  const number = (...statuses: string[]): number => testsThat({ testResults }, statuses).length;
  const passed = new Set(testsThat(again, ['passed']));
  return {
    report: {
      numPassedTests: number('passed'),
      numFailedTests: number('failed'),
      numPendingTests: number('pending'),
      numTodoTests: number('todo'),
      numRuntimeErrorTestSuites: again.numRuntimeErrorTestSuites,
      testResults,
    },
    flaky: failures(first).filter(({ test }) => test !== undefined && passed.has(test)),
  };
}

function testsThat({ testResults }: Pick<JestReport, 'testResults'>, statuses: readonly string[]): string[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => statuses.includes(status))
    .map(({ fullName }) => fullName);
}
