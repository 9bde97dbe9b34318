const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  // @dot-i/k8s-operator is CommonJS and require()s client-node, which is ESM: it must have been imported before (ADR 0002).
  setupFiles: ['<rootDir>/test/support/import-client-first.ts'],
};

const suite = (name) => ({ ...common, displayName: name, testMatch: [`<rootDir>/test/${name}/**/*.test.ts`] });

export default {
  projects: [suite('unit'), suite('integration'), suite('e2e')],
};
