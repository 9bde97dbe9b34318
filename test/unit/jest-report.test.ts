import { describe, expect, it } from '@jest/globals';
import { counted, failedFiles, failures, type JestReport, settled, skippedTests } from '../jest-report.ts';

type File = Record<string, string>;

/** `files`: what became of each test, by file. A file without tests could not be loaded. */
function report(files: Record<string, File>): JestReport {
  const testResults = Object.entries(files).map(([name, tests]) => ({
    name,
    status: Object.values(tests).includes('failed') || Object.keys(tests).length === 0 ? 'failed' : 'passed',
    assertionResults: Object.entries(tests).map(([fullName, status]) => ({ fullName, status })),
  }));
  const number = (status: string): number =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter((test) => test.status === status).length;
  return {
    numPassedTests: number('passed'),
    numFailedTests: number('failed'),
    numPendingTests: number('pending'),
    numTodoTests: number('todo'),
    numRuntimeErrorTestSuites: testResults.filter(({ assertionResults }) => assertionResults.length === 0).length,
    testResults,
  };
}

const first = report({
  'a.test.ts': { one: 'passed', two: 'pending' },
  'b.test.ts': { three: 'passed', four: 'failed', five: 'failed' },
});

describe('a report of jest', () => {
  it('the report counts the tests, and a file that could not be loaded as a failure', () => {
    expect(counted(first, 1)).toEqual({ passed: 2, failed: 2, skipped: 1 });
    expect(counted(report({ 'c.test.ts': {} }), 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(skippedTests(first)).toEqual(['two']);
  });

  it('a jest that fails after all tests have passed counts as a failure', () => {
    expect(counted(report({ 'a.test.ts': { one: 'passed' } }), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('the files with a failed test are those that run once more', () => {
    expect(failedFiles(first)).toEqual(['b.test.ts']);
    expect(failedFiles(report({ 'c.test.ts': {} }))).toEqual(['c.test.ts']);
  });
});

describe('the failures of a report', () => {
  it('each failed test is told with its file and the first message in one line', () => {
    const file = {
      ...{ name: `${process.cwd()}/test/unit/b.test.ts`, status: 'failed' },
      assertionResults: [
        { status: 'passed', fullName: 'three' },
        {
          ...{ status: 'failed', fullName: 'four' },
          failureMessages: ['Error: \u001b[31mtoo\u001b[39m\n\nlate\n    at it (b.test.ts:1:1)', 'Error: more'],
        },
      ],
    };
    expect(failures({ testResults: [file] })).toEqual([
      { file: 'test/unit/b.test.ts', test: 'four', why: 'Error: too late' },
    ]);
  });

  it('a file that could not be loaded is told as well', () => {
    const name = `${process.cwd()}/test/unit/c.test.ts`;
    const file = {
      name,
      status: 'failed',
      message: '  \u25cf Test suite failed to run\n\n    gone',
      assertionResults: [],
    };
    expect(failures({ testResults: [file] })).toEqual([
      { file: 'test/unit/c.test.ts', test: undefined, why: '\u25cf Test suite failed to run gone' },
    ]);
  });

  it('a report without a failure tells nothing', () => {
    expect(failures(report({ 'a.test.ts': { one: 'passed', two: 'pending' } }))).toEqual([]);
  });
});

describe('a second try', () => {
  it('a test that passes now counts as passed, and is named as flaky', () => {
    const again = report({ 'b.test.ts': { three: 'passed', four: 'passed', five: 'passed' } });
    const both = settled(first, again);
    expect(both.flaky.map(({ test }) => test)).toEqual(['four', 'five']);
    expect(counted(both.report, 0)).toEqual({ passed: 4, failed: 0, skipped: 1 });
  });

  it('a test that fails again stays failed, and so does one that fails only now', () => {
    const again = report({ 'b.test.ts': { three: 'failed', four: 'passed', five: 'failed' } });
    const both = settled(first, again);
    expect(both.flaky.map(({ test }) => test)).toEqual(['four']);
    expect(counted(both.report, 1)).toEqual({ passed: 2, failed: 2, skipped: 1 });
  });

  it('a file that cannot be loaded now counts as a failure', () => {
    expect(counted(settled(first, report({ 'b.test.ts': {} })).report, 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
    });
  });
});
