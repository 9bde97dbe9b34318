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
    assertionResults: { status: string; fullName: string }[];
  }[];
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

/**
 * What came of a suite whose failed files ran again: the other files as in `first`, those files as in `again`.
 * `flaky`: the tests that failed first and pass now.
 */
export function settled(first: JestReport, again: JestReport): { report: JestReport; flaky: string[] } {
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
    flaky: testsThat(first, ['failed']).filter((name) => passed.has(name)),
  };
}

function testsThat({ testResults }: Pick<JestReport, 'testResults'>, statuses: readonly string[]): string[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => statuses.includes(status))
    .map(({ fullName }) => fullName);
}
