const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/jest/strip-types.js' },
};

// @dot-i/k8s-operator is CommonJS and require()s client-node, which is ESM: it must have been imported before (ADR 0002).
const withClient = { setupFiles: ['<rootDir>/test/support/jest/import-client-first.ts'] };

const suite = (name, more = {}) => ({
  ...common,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...more,
});

// Of the client these suites only use KubeConfig. All of it takes most of a second of each file.
const withKubeConfig = {
  moduleNameMapper: {
    '^@kubernetes/client-node$': '<rootDir>/node_modules/@kubernetes/client-node/dist/config.js',
    '^\\./gen/index\\.js$': '<rootDir>/test/support/jest/kube-config-parts.js',
  },
};

// The suites that need a cluster find the operator built, and its resource and rights installed.
const onCluster = {
  ...withKubeConfig,
  globalSetup: '<rootDir>/test/support/jest/global-setup.ts',
};

// The main job once more, done by config/default as it is: two replicas that serve every namespace. So it must be the only operator, and nothing else
// runs at the same time. A file that needs an operator of its own (to stop, to kill, with other flags or rights) cannot be among them; one that is about
// the container or the target more than about the operator (supervisor, profiles, late starts, workloads) would show nothing new.
const deployed = ['deletion', 'main-job', 'notafter-and-ttl', 're-debugging', 'refusals', 'stop', 'tracking'];
const onDeployment = {
  ...withKubeConfig,
  globalSetup: '<rootDir>/test/support/jest/deployed-setup.ts',
  globalTeardown: '<rootDir>/test/support/jest/deployed-teardown.ts',
  setupFiles: ['<rootDir>/test/support/jest/deployed-mode.ts'],
  testMatch: deployed.map((name) => `<rootDir>/test/e2e/${name}.test.ts`),
};

/** The suite fails if the audit log shows a broken promise, whatever its tests say. */
const checked = {
  ...onCluster,
  ...(process.env['CHECK_INVARIANTS'] === '1' && {
    globalTeardown: '<rootDir>/test/support/jest/check-invariants.ts',
  }),
};

export default {
  // All waits of tests have one bound (test/support/patience.ts). This one is for what hangs all the same.
  testTimeout: 900_000,
  // Of `it.concurrent` in a file: such tests wait for processes, they do not compute.
  maxConcurrency: 20,
  projects: [
    // Pure, and so without the client of Kubernetes: to import it takes longer than most of these files.
    suite('unit'),
    // What needs sockets, shells, programs or a build.
    suite('process', withClient),
    suite('simulation', withClient),
    suite('integration', onCluster),
    suite('e2e', checked),
    suite('plugin', {
      ...withKubeConfig,
      globalSetup: '<rootDir>/test/support/jest/plugin-setup.ts',
    }),
    // Some files take policies of the whole cluster away, and run one by one: test/run.ts names them.
    suite('security', {
      ...onCluster,
      setupFilesAfterEnv: ['<rootDir>/test/support/jest/believe-first.ts'],
    }),
    suite('deployed', onDeployment),
    suite('in-cluster', onCluster),
    suite('node', onCluster),
    // `make release`, and what it makes.
    suite('release', onCluster),
    // A proxy between the operator and the API server, and what goes wrong there.
    suite('faults', checked),
    // The operator of the last release beside this one.
    suite('upgrade', { ...onCluster, globalSetup: '<rootDir>/test/support/jest/upgrade-setup.ts' }),
    // Odd kubelets, bad states and the edits that lead out of them.
    suite('operations', checked),
    // A real Flux and Argo CD, which take twenty minutes to build: `make test-gitops`.
    suite('gitops', { ...checked, globalSetup: '<rootDir>/test/support/jest/gitops-setup.ts' }),
    suite('audit'),
    suite('site', {
      globalSetup: '<rootDir>/test/support/jest/site-setup.ts',
    }),
  ],
};
