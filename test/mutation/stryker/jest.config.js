import config from '../../../jest.config.js';

// The pure tests of what is mutated. STRYKER_TESTS: parts of the paths of the files that judge. Default: those of the
// folders that Stryker may mutate.
const [unit] = config.projects;
const parts = (process.env['STRYKER_TESTS'] || 'session policy reconcile').split(/\s+/);

export default {
  ...unit,
  testMatch: parts.map((part) => `<rootDir>/test/unit/${part}/**/*.test.ts`),
};
