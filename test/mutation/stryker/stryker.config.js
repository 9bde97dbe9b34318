// STRYKER_TESTS: the folders of test/unit that judge. Default: those of what is mutated.
const judges = (process.env.STRYKER_TESTS || 'session policy reconcile').split(/\s+/);
// A mutant that the other tests do not notice lives through all of these, a second in all.
process.env.PROPERTY_RUNS ??= '200';
process.env.SIMULATION_RUNS ??= '15';
const output = 'dist/mutation';

export default {
  testRunner: 'mocha',
  testRunnerNodeArgs: ['--import', import.meta.resolve('./on-mocha.js'), '--no-warnings'],
  mochaOptions: {
    // The first test that fails ends the run of a mutant, so what takes long comes last.
    spec: [
      ...['!(*.property)', '*.property'].flatMap((name) =>
        judges.map((room) => `test/unit/${room}/**/${name}.test.ts`),
      ),
      'test/simulation/*.test.ts',
    ],
    extension: ['ts'],
    'no-config': true,
    'no-package': true,
  },
  coverageAnalysis: 'perTest',
  // Of a value that a module computes once: the tests could only see it if every file were loaded again.
  ignoreStatic: true,
  mutate: ['session', 'policy', 'reconcile'].map((room) => `src/${room}/**/*.ts`),
  ignorePatterns: ['bench', 'site', 'dist', 'charts', '.cache', 'test/mutation/stryker/node_modules'],
  incremental: true,
  incrementalFile: `${output}/incremental.json`,
  tempDirName: `${output}/tmp`,
  reporters: ['clear-text', 'progress-append-only', 'json'],
  jsonReporter: { fileName: `${output}/report.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  thresholds: { high: 90, low: 85, break: 85 },
  allowConsoleColors: false,
  disableTypeChecks: true,
};
