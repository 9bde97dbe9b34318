import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Config } from '../../src/config/flags.ts';
import { parseConfig } from '../../src/config/config.ts';
import { nearest } from '../../src/text/nearest.ts';

const defaults: Config = {
  kubeconfig: undefined,
  metricsBindAddress: undefined,
  metricsSecure: true,
  metricsCertPath: undefined,
  metricsCertName: 'tls.crt',
  metricsCertKey: 'tls.key',
  healthProbeBindAddress: { port: 8081 },
  leaderElect: true,
  leaderElectionNamespace: undefined,
  leaderElectionId: 'debugsession.dev',
  leaseDuration: 15_000,
  renewDeadline: 10_000,
  retryPeriod: 2_000,
  maxConcurrentReconciles: 8,
  namespaces: [],
  insecureNoIdentity: false,
  checkPressure: false,
  nodeStopNamespace: undefined,
  nodeStopImage: undefined,
  criSocket: undefined,
  notifyPath: undefined,
  logLevel: 'info',
  logFormat: 'json',
  shutdownTimeout: 10_000,
};

type Env = Record<string, string>;

describe('accepted arguments', () => {
  const table: [what: string, argv: string[], env: Env, expected: Partial<Config>][] = [
    ['nothing: the defaults', [], {}, {}],
    ['a value after =', ['--kubeconfig=/a b/c'], {}, { kubeconfig: '/a b/c' }],
    ['a value as the next word', ['--kubeconfig', '/k'], {}, { kubeconfig: '/k' }],
    ['a value that holds =', ['--kubeconfig=a=b'], {}, { kubeconfig: 'a=b' }],
    ['an empty kubeconfig as none', ['--kubeconfig='], {}, { kubeconfig: undefined }],
    ['a port on all addresses', ['--metrics-bind-address=:0'], {}, { metricsBindAddress: { port: 0 } }],
    [
      '0 as off',
      ['--metrics-bind-address=0', '--health-probe-bind-address', '0'],
      {},
      { metricsBindAddress: undefined, healthProbeBindAddress: undefined },
    ],
    [
      'an IPv4 address',
      ['--metrics-bind-address=127.0.0.1:0'],
      {},
      { metricsBindAddress: { host: '127.0.0.1', port: 0 } },
    ],
    [
      'an IPv6 address',
      ['--health-probe-bind-address=[::1]:8081'],
      {},
      { healthProbeBindAddress: { host: '::1', port: 8081 } },
    ],
    [
      'a host name',
      ['--metrics-bind-address=localhost:65535'],
      {},
      { metricsBindAddress: { host: 'localhost', port: 65_535 } },
    ],
    [
      'plain metrics for this machine alone',
      ['--metrics-secure=false', '--metrics-bind-address=127.1.2.3:80'],
      {},
      { metricsSecure: false, metricsBindAddress: { host: '127.1.2.3', port: 80 } },
    ],
    ['plain metrics nowhere', ['--metrics-secure=false'], {}, { metricsSecure: false }],
    [
      'a certificate',
      ['--metrics-cert-path=/certs', '--metrics-cert-name=a.pem', '--metrics-cert-key=b.pem'],
      {},
      { metricsCertPath: '/certs', metricsCertName: 'a.pem', metricsCertKey: 'b.pem' },
    ],
    ['a switch', ['--leader-elect'], { DEBUGSESSION_LEADER_ELECT: 'false' }, { leaderElect: true }],
    ['a switch with a value', ['--leader-elect=false'], { DEBUGSESSION_LEADER_ELECT: 'true' }, { leaderElect: false }],
    ['a switch from the environment', [], { DEBUGSESSION_LEADER_ELECT: '0' }, { leaderElect: false }],
    [
      'the Lease',
      ['--leader-election-namespace=ops', '--leader-election-id=a.b-c'],
      {},
      { leaderElectionNamespace: 'ops', leaderElectionId: 'a.b-c' },
    ],
    [
      'the lease times',
      [
        '--leader-election-lease-duration=1m30s',
        '--leader-election-renew-deadline=1m',
        '--leader-election-retry-period=500ms',
      ],
      {},
      { leaseDuration: 90_000, renewDeadline: 60_000, retryPeriod: 500 },
    ],
    [
      'a renew deadline just above 1.2 retry periods',
      ['--leader-election-renew-deadline=2401ms'],
      {},
      { renewDeadline: 2_401 },
    ],
    ['namespaces, each once', ['--namespaces=a, b,a'], {}, { namespaces: ['a', 'b'] }],
    ['a count', ['--max-concurrent-reconciles=1'], {}, { maxConcurrentReconciles: 1 }],
    ['looks at nodes and metrics', ['--check-pressure'], {}, { checkPressure: true }],
    ['a namespace for stop pods', ['--node-stop-namespace=stops'], {}, { nodeStopNamespace: 'stops' }],
    [
      'a path',
      ['--cri-socket=/run/k3s/containerd/containerd.sock'],
      {},
      { criSocket: '/run/k3s/containerd/containerd.sock' },
    ],
    ['a level', ['--log-level=trace'], {}, { logLevel: 'trace' }],
    ['a format', ['--log-format=text'], {}, { logFormat: 'text' }],
    ['no patience', ['--shutdown-timeout=0s'], {}, { shutdownTimeout: 0 }],
    [
      'the environment',
      [],
      { DEBUGSESSION_KUBECONFIG: '/e', DEBUGSESSION_NAMESPACES: 'x' },
      { kubeconfig: '/e', namespaces: ['x'] },
    ],
    ['a flag before the environment', ['--log-level=warn'], { DEBUGSESSION_LOG_LEVEL: 'debug' }, { logLevel: 'warn' }],
    ['an empty variable as not set', [], { DEBUGSESSION_LOG_LEVEL: '' }, {}],
    ['the last of a flag given twice', ['--log-level=warn', '--log-level=error'], {}, { logLevel: 'error' }],
    [
      'the variables of a Service of our name',
      [],
      { DEBUGSESSION_SERVICE_HOST: '10.0.0.1', DEBUGSESSION_PORT: 'tcp://10.0.0.1:80' },
      {},
    ],
    ["KUBECONFIG as the client's affair", [], { KUBECONFIG: '/x' }, {}],
  ];
  it.each(table)('parseConfig takes %s', (_, argv, env, expected) => {
    expect(parseConfig(argv, env)).toEqual({ kind: 'ok', config: { ...defaults, ...expected } });
  });
});

describe('refused arguments', () => {
  const table: [what: string, argv: string[], env: Env, faults: (string | RegExp)[]][] = [
    [
      'an unknown flag, naming the nearest',
      ['--leader-elects'],
      {},
      ['unknown flag "--leader-elects": did you mean --leader-elect?'],
    ],
    [
      'a name that is cut short',
      ['--metrics-bind-addr=:8080'],
      {},
      ['unknown flag "--metrics-bind-addr": did you mean --metrics-bind-address?'],
    ],
    [
      'the name that others give a lease time',
      ['--leader-elect-lease-duration=15s'],
      {},
      ['unknown flag "--leader-elect-lease-duration": did you mean --leader-election-lease-duration?'],
    ],
    ['a flag like no other', ['--foo'], {}, ['unknown flag "--foo": see --help']],
    [
      'one dash',
      ['-health-probe-bind-address=:1'],
      {},
      ['unknown flag "-health-probe-bind-address": did you mean --health-probe-bind-address?'],
    ],
    ['what an object inherits', ['--constructor', '--__proto__=1'], {}, [/constructor/, /__proto__/]],
    ['words that are no flags', ['run', '--', 'x'], {}, [/"run"/, /"x"/]],
    ['a flag without its value', ['--kubeconfig'], {}, ['--kubeconfig needs a value: --kubeconfig=...']],
    ['a flag that swallowed the next', ['--kubeconfig', '--leader-elect'], {}, [/^--kubeconfig needs a value/]],
    [
      'an address without a port',
      ['--metrics-bind-address=8080'],
      {},
      [/^--metrics-bind-address must be an address such as :8080/],
    ],
    ...[':8080', '0.0.0.0:8080', '[::]:80', '10.0.0.1:80', '127.0.0.1.example:80', '128.0.0.1:80'].map(
      (address): [string, string[], Env, string[]] => [
        `plain metrics at ${address}`,
        ['--metrics-secure=false', `--metrics-bind-address=${address}`],
        {},
        ['--metrics-secure=false needs a loopback address: --metrics-bind-address=127.0.0.1:8080'],
      ],
    ),
    [
      'a path as the name of a file',
      ['--metrics-cert-key=a/b'],
      {},
      [/^--metrics-cert-key must be the name of a file/],
    ],
    ['a port out of range', ['--metrics-bind-address=:65536'], {}, [/must be an address/]],
    ['a bare IPv6 address', ['--metrics-bind-address=::1:80'], {}, [/must be an address/]],
    ['an empty address', ['--metrics-bind-address='], {}, [/must be an address/]],
    [
      'a number as a duration',
      ['--shutdown-timeout=10'],
      {},
      [/^--shutdown-timeout must be a duration such as 15s or 1m30s, not "10"$/],
    ],
    [
      'a lease below a second',
      [
        '--leader-election-lease-duration=900ms',
        '--leader-election-renew-deadline=500ms',
        '--leader-election-retry-period=100ms',
      ],
      {},
      [/at least 1s/],
    ],
    [
      'a lease not longer than its renewal',
      ['--leader-election-lease-duration=10s'],
      {},
      [/lease-duration must be greater than --leader-election-renew-deadline/],
    ],
    ['a renewal within 1.2 retries', ['--leader-election-renew-deadline=2400ms'], {}, [/greater than 1\.2 times/]],
    ['a boolean that is none', ['--leader-elect=yes'], {}, ['--leader-elect must be true or false, not "yes"']],
    ['no workers', ['--max-concurrent-reconciles=0'], {}, [/from 1 to 1000/]],
    ['half a worker', ['--max-concurrent-reconciles=1.5'], {}, [/whole number/]],
    [
      'namespaces that cannot be',
      ['--namespaces=ok,Not_ok,'],
      {},
      ['--namespaces must list names of namespaces, and "Not_ok", "" cannot be one'],
    ],
    [
      'a Lease that cannot be',
      ['--leader-election-id=A/b', '--leader-election-namespace=a.b'],
      {},
      [/^--leader-election-namespace/, /^--leader-election-id/],
    ],
    ['an unknown level', ['--log-level=INFO'], {}, [/one of trace, debug, info, warn, error, fatal, not "INFO"/]],
    ['an unknown format', ['--log-format=pretty'], {}, ['--log-format must be one of json, text, not "pretty"']],
    ['a variable, by its name', [], { DEBUGSESSION_LOG_LEVEL: 'loud' }, [/^DEBUGSESSION_LOG_LEVEL must be one of/]],
    [
      'all faults together',
      ['--lag', '--log-level=x', 'y'],
      { DEBUGSESSION_SHUTDOWN_TIMEOUT: 'soon' },
      [/unknown flag/, /"y"/, /^--log-level/, /^DEBUGSESSION_SHUTDOWN_TIMEOUT/],
    ],
  ];
  it.each(table)('parseConfig refuses %s', (_, argv, env, faults) => {
    const outcome = parseConfig(argv, env);
    expect(outcome).toEqual({
      kind: 'error',
      faults: faults.map((fault) => (typeof fault === 'string' ? fault : expect.stringMatching(fault))),
    });
  });

  it('parseConfig refuses any words with printable one-line faults, and never throws', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((text) => `--${text}`),
      fc.constantFrom('--kubeconfig', '-h', '--', '--namespaces=\n\u202e'),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        const outcome = parseConfig(argv, {});
        if (outcome.kind === 'error') expect(outcome.faults.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('answers', () => {
  it.each([[['--help']], [['-h']], [['--log-level=x', '--help']]])('parseConfig answers %j with the help', (argv) => {
    const outcome = parseConfig(argv, {});
    if (outcome.kind !== 'help') throw new Error(outcome.kind);
    const { text } = outcome;
    for (const name of [
      'kubeconfig',
      'metrics-bind-address',
      'metrics-secure',
      'metrics-cert-path',
      'metrics-cert-name',
      'metrics-cert-key',
      'health-probe-bind-address',
      'leader-elect',
      'leader-election-namespace',
      'leader-election-id',
      'leader-election-lease-duration',
      'leader-election-renew-deadline',
      'leader-election-retry-period',
      'max-concurrent-reconciles',
      'namespaces',
      'log-level',
      'log-format',
      'shutdown-timeout',
    ]) {
      expect(text).toMatch(new RegExp(`^  --${name}( |=|$)`, 'm'));
      expect(text).toContain(`Environment: DEBUGSESSION_${name.toUpperCase().replaceAll('-', '_')}\n`);
    }
    expect(text).toContain('--metrics-bind-address=ADDRESS (default 0)');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('parseConfig answers --version with the version', () => {
    expect(parseConfig(['--version'], {})).toEqual({ kind: 'version' });
  });
});

describe('nearest', () => {
  const known = ['log-level', 'leader-elect', 'leader-election-id'];
  it.each([
    ['log-levl', 'log-level'],
    ['leader-election-di', 'leader-election-id'],
    ['', undefined],
    ['x'.repeat(1_000), undefined],
  ])('the nearest flag to %s is %s', (word, expected) => expect(nearest(word, known)).toBe(expected));
});
