const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  // @dot-i/k8s-operator is CommonJS and require()s client-node, which is ESM: it must have been imported before (ADR 0002).
  setupFiles: ['<rootDir>/test/support/import-client-first.ts'],
};

const suite = (name, more = {}) => ({
  ...common,
  ...more,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

// The suites that need a cluster find the operator built, and its resource and rights installed.
const onCluster = { globalSetup: '<rootDir>/test/support/global-setup.ts' };

export default {
  testTimeout: 60_000,
  // Of `it.concurrent` in a file: such tests wait for processes, they do not compute.
  maxConcurrency: 20,
  projects: [
    suite('unit'),
    suite('simulation'),
    suite('integration', onCluster),
    suite('e2e', onCluster),
    suite('audit'),
  ],
};
