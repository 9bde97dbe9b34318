import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Import directions (docs/architecture.md): api <- policy <- session <- reconcile <- operator <- main.
 * `runtime` and `kube` know nothing of DebugSession; `text` knows nothing at all. One table, so that a reader sees the whole rule at once.
 */
const forbiddenImports = {
  text: [
    'api',
    'policy',
    'session',
    'reconcile',
    'runtime',
    'kube',
    'observability',
    'cli',
    'plugin',
    'node-stop',
    'notify',
  ],
  api: ['node-stop', 'policy', 'session', 'reconcile', 'runtime', 'kube', 'observability', 'cli', 'plugin', 'notify'],
  policy: ['node-stop', 'session', 'reconcile', 'runtime', 'kube', 'observability', 'cli', 'plugin', 'notify'],
  session: ['node-stop', 'reconcile', 'runtime', 'kube', 'observability', 'cli', 'plugin', 'notify'],
  runtime: ['api', 'policy', 'session', 'reconcile', 'kube', 'observability', 'cli', 'plugin', 'notify'],
  kube: ['api', 'policy', 'session', 'reconcile', 'observability', 'cli', 'plugin', 'notify'],
  reconcile: ['cli', 'plugin', 'node-stop', 'notify'],
  observability: ['api', 'policy', 'session', 'reconcile', 'kube', 'cli', 'plugin', 'notify'],
  // Hears what was done; nobody waits for it (docs/adr/0045).
  notify: ['policy', 'reconcile', 'kube', 'observability', 'cli', 'plugin', 'node-stop'],
  cli: ['reconcile', 'runtime', 'kube', 'observability', 'plugin', 'notify'],
  plugin: ['reconcile', 'runtime', 'kube', 'observability', 'node-stop', 'notify'],
  // The program of a stop pod: the order and the words are all that it shares with the operator (docs/adr/0037).
  'node-stop': ['policy', 'session', 'reconcile', 'runtime', 'kube', 'observability', 'cli', 'plugin', 'notify'],
};

const packageRules = [
  { name: '@kubernetes/client-node', message: 'Only src/kube speaks to the client.' },
  { name: '@dot-i/k8s-operator', message: 'Only src/operator.ts knows the operator skeleton.' },
  { name: '@grpc/grpc-js', message: 'Only src/node-stop speaks gRPC: the operator must not load it.' },
];

/** The package that a room alone may import. */
const packagesOf = { kube: '@kubernetes/client-node', 'node-stop': '@grpc/grpc-js' };

function restrict(folder, rooms, extra = []) {
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: packageRules.filter(({ name }) => packagesOf[folder] !== name),
          patterns: [
            { group: rooms.map((room) => `**/${room}/**`), message: `src/${folder} may not import from there.` },
            { group: ['**/operator.ts', '**/main.ts', '**/config/**'], message: 'Only the composition root is above.' },
            ...extra,
          ],
        },
      ],
    },
  };
}

/**
 * The rooms of src/session, and which others each may import (docs/architecture.md): look <- run <- status <- stop <- plan,
 * with container and start beside them.
 */
const sessionRooms = {
  look: [],
  container: [],
  run: ['look', 'container'],
  start: ['look', 'container', 'run'],
  status: ['look', 'run'],
  stop: ['look', 'container', 'run', 'status'],
  plan: ['look', 'container', 'run', 'start', 'status', 'stop'],
};

function restrictRoom([room, allowed]) {
  const others = Object.keys(sessionRooms).filter((other) => other !== room && !allowed.includes(other));
  const group = others.map((other) => `../${other}/**`);
  const rule = { group, message: `src/session/${room} may not import from there.` };
  const forbidden = [...pure, ...(group.length > 0 ? [rule] : [])];
  return restrict(`session/${room}`, forbiddenImports.session, forbidden);
}

/**
 * `runtime` and `kube` are ready to become packages: of ours they import `text`, and `kube` the ports of `runtime` that it fits (ADR 0028).
 */
const ports = [
  'api-answer',
  'clock',
  'error-message',
  'event-recorder',
  'lease',
  'list-watch',
  'not-leader-error',
  'watch-event',
];
const allowedOnly = (...allowed) => [
  {
    regex: `^\\.\\./(?!${allowed.join('|')})`,
    message: 'This room imports src/text and, in src/kube, the ports of src/runtime (docs/adr/0028).',
  },
];
const ofPackages = {
  runtime: allowedOnly('text/'),
  kube: allowedOnly('text/', `runtime/(?:${ports.join('|')})\\.ts$`),
};

/** Rooms without a clock, I/O or randomness. */
const pureRooms = ['api', 'policy', 'session'];
const pure = [{ group: ['node:*', '!node:crypto', 'undici', 'pino'], message: 'This room is pure.' }];

/** typescript-eslint's strict rules for the source, without those that found nothing true in it. */
const strictInSource = [
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['src/**/*.ts'] })),
  {
    files: ['src/**/*.ts'],
    rules: {
      // Of `(x) => list.push(x)` nobody is confused.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // It takes for certain what may have changed during an await: `signal.aborted`.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Promise.withResolvers<void>() is how a signal without a value is written.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // `void output.write(line)` shows that the answer is of no interest.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Headers are lists in the types of undici and never in ours; a text is spread to have its characters.
      '@typescript-eslint/no-misused-spread': 'off',
      // `get<T>(path)` says what the server is known to answer.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '**/*.cjs'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      complexity: ['error', 14],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
      eqeqeq: 'error',
    },
  },
  ...strictInSource,
  ...Object.entries(forbiddenImports).map(([folder, rooms]) =>
    restrict(folder, rooms, pureRooms.includes(folder) ? pure : (ofPackages[folder] ?? [])),
  ),
  ...Object.entries(sessionRooms).map(restrictRoom),
  {
    files: pureRooms.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'fetch'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The clock is an argument.' },
        { object: 'Math', property: 'random', message: 'Pure code is deterministic.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/config.ts', 'src/main.ts', 'src/cli/**', 'src/plugin/main.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      // A table of rules is easy to read and counts as complex.
      complexity: 'off',
    },
  },
  {
    // A catalogue: one entry after the other, which nobody reads from end to end.
    files: ['src/api/reason-catalogue.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['test/unit/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['child_process', 'dgram', 'http', 'https', 'net', 'tls', 'worker_threads']
            .map((name) => `node:${name}`)
            .concat('esbuild', 'undici', 'ws')
            .map((name) => ({ name, message: 'A unit test is pure: this one belongs to test/process.' })),
          patterns: [
            {
              group: [
                '**/promtool.ts',
                '**/shells/**',
                '**/loopback-*.ts',
                '**/played-api-server.ts',
                '**/operator.ts',
              ],
              message: 'It opens sockets or starts programs: a test that needs it belongs to test/process.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    ...tseslint.configs.disableTypeChecked,
    rules: { ...tseslint.configs.disableTypeChecked.rules, 'no-restricted-syntax': 'off' },
    languageOptions: { globals: { process: 'readonly' }, parserOptions: { projectService: false } },
  },
);
