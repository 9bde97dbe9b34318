import fc from 'fast-check';
import type { Allowance, DebugPolicySpec, Requirement } from '../../src/api/debugpolicy.ts';
import type { Attacher, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { EnvFromSource, EnvVar, SecurityContext, VolumeMount } from '../../src/api/ephemeral-container.ts';
import type { LabelExpression, LabelSelector } from '../../src/api/label-selector.ts';
import { PROFILE_NAMES } from '../../src/api/profiles.ts';
import { patternFault } from '../../src/policy/image-pattern.ts';
import { EVASIONS } from '../unit/policy/evasions.ts';
import { REFUSED, REFUSED_BY_US, UNDERSTOOD } from '../unit/policy/library-answers.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { PATTERNS as TRIED } from './manifests/policies.ts';

// Sessions and policies that the CRDs take.

/** Those of the unit tests that spec.image can hold. */
export const IMAGES: readonly string[] = [
  ...new Set([...UNDERSTOOD.flat(), ...REFUSED, ...REFUSED_BY_US, ...EVASIONS.map(([, image]) => image)]),
].filter((image) => image.length <= 1024 && /^[!-~]+$/.test(image));

export const PATTERNS: readonly string[] = [
  ...TRIED.flatMap(({ text, fault }) => (fault === undefined ? [text] : [])),
  'docker.io/library/busybox@sha256:*',
  'docker.io/library/busybox@*:0123*',
  'docker.io/*/*@sha512:*',
  'docker.io/team/**:*',
  '*.docker.io/**:*',
  'registry.example/*/tool:*',
  'registry.example/debug/*-*-x:v1.*',
];

/** Mostly what the API server takes for a reference, or nearly. */
const image = fc.oneof(
  fc.constantFrom(...IMAGES),
  fc.string({ unit: fc.constantFrom(...'abZ09.:/@-_[]'), minLength: 1, maxLength: 40 }),
  fc
    .record({
      registry: fc.constantFrom(
        '',
        'docker.io/',
        'index.docker.io/',
        'registry.example:5000/',
        'Registry.example/',
        '[::1]:5000/',
      ),
      path: fc.array(fc.stringMatching(/^[a-z0-9]{1,4}([._-]{1,3}[a-z0-9]{1,3})?$/), { minLength: 1, maxLength: 4 }),
      tag: fc.constantFrom('', ':1', ':v1.2', `@sha256:${'0123456789abcdef'.repeat(4)}`, ':_', ':-'),
    })
    .map(({ registry, path, tag }) => `${registry}${path.join('/')}${tag}`),
);

const pattern = fc.oneof(
  fc.constantFrom(...PATTERNS),
  // A reference with stars in it.
  fc
    .tuple(fc.constantFrom(...UNDERSTOOD.map(([, full]) => full)), fc.array(fc.nat({ max: 60 }), { maxLength: 3 }))
    .map(([full, places]) => places.reduce((text, at) => `${text.slice(0, at)}*${text.slice(at + 2)}`, full))
    .filter((text) => patternFault(text) === undefined),
);

const duration = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.constantFrom('h', 'm', 's', 'ms')), {
    minLength: 1,
    maxLength: 3,
  })
  .map((groups) => groups.map(([count, unit]) => `${count}${unit}`).join(''))
  .map((text) => `1s${text}`);

const LABEL = fc.constantFrom('env', 'team', 'tier', 'a.example/b', '\u{1f600}', '\ufb00', '  ', 'toString');
const VALUE = fc.constantFrom('production', 'shop', '', 'x'.repeat(63), 'a\u00a0', '\u202eb', 'c\nd', '  e  f ');

const expression: fc.Arbitrary<LabelExpression> = fc.oneof(
  fc.record({
    key: LABEL,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.array(VALUE, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ key: LABEL, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);

const selector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(LABEL, VALUE, { maxKeys: 3, noNullPrototype: true }),
    matchExpressions: fc.array(expression, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

const ALLOWANCES = OPEN_POLICY.allow ?? [];
const REQUIREMENTS: readonly Requirement[] = ['NonRoot', 'NoCapabilities', 'ReadOnlyRootFilesystem', 'NoJoin'];

const anyPolicy: fc.Arbitrary<DebugPolicySpec> = fc.record(
  {
    namespaceSelector: selector,
    images: fc.oneof<fc.Arbitrary<string[]>[]>(
      fc.array(pattern, { maxLength: 5 }),
      fc.constant<string[]>([...(OPEN_POLICY.images ?? [])]),
    ),
    profiles: fc.oneof(fc.subarray(PROFILE_NAMES), fc.constant(PROFILE_NAMES)),
    ttl: fc.record({ max: duration }, { requiredKeys: [] }),
    allow: fc.oneof(fc.subarray<Allowance>(ALLOWANCES), fc.constant(ALLOWANCES)),
    require: fc.shuffledSubarray([...REQUIREMENTS]),
    onUnstoppable: fc.constantFrom('Report' as const, 'EvictPod' as const),
    podAfterSession: fc.constantFrom('Keep' as const, 'Evict' as const),
    requireJustification: fc.boolean(),
    requireNotAfter: fc.boolean(),
  },
  { requiredKeys: [] },
);

/**
 * One that opens everything but for two fields at most, so that every rule is the only one that refuses, now and then.
 */
const openPolicy = fc
  .tuple(anyPolicy, fc.nat(10))
  .map(([policy, at]) => ({ ...OPEN_POLICY, ...Object.fromEntries(Object.entries(policy).slice(at, at + 2)) }));

export const somePolicy: fc.Arbitrary<DebugPolicySpec> = fc.oneof(anyPolicy, openPolicy);

const capability = fc.constantFrom(
  'ALL',
  'all',
  'SYS_ADMIN',
  'cap_sys_admin',
  '\u017fys_adm\u0131n',
  'CAP_ALL',
  'NET_RAW',
  'CHOWN',
  'SYS_ADMINS',
);
const capabilities = fc.array(capability, { maxLength: 3 });

const securityContext: fc.Arbitrary<SecurityContext> = fc.record(
  {
    allowPrivilegeEscalation: fc.boolean(),
    capabilities: fc.record({ add: capabilities, drop: capabilities }, { requiredKeys: [] }),
    privileged: fc.boolean(),
    readOnlyRootFilesystem: fc.boolean(),
    runAsGroup: fc.constantFrom(0, 1000),
    runAsNonRoot: fc.boolean(),
    runAsUser: fc.constantFrom(0, 1000),
    seccompProfile: fc.constantFrom({ type: 'RuntimeDefault' as const }, { type: 'Unconfined' as const }),
  },
  { requiredKeys: [] },
);

const dnsName = fc.stringMatching(/^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/);

const env: fc.Arbitrary<EnvVar> = fc.oneof(
  fc.record({ name: fc.stringMatching(/^[-._a-zA-Z][-._a-zA-Z0-9]{0,200}$/) }),
  fc.record({
    name: fc.stringMatching(/^[A-Z]{1,9}$/),
    valueFrom: fc.constant({ secretKeyRef: { name: 'a', key: 'b' } }),
  }),
  fc.record({ name: fc.stringMatching(/^[A-Z]{1,9}$/), value: fc.constantFrom('', 'b') }),
);

const envFrom: fc.Arbitrary<EnvFromSource> = fc.oneof(
  fc.record({ secretRef: fc.record({ name: dnsName }) }),
  fc.record({ configMapRef: fc.record({ name: dnsName }) }),
);

const volumeMount: fc.Arbitrary<VolumeMount> = fc.record({
  name: dnsName,
  mountPath: fc.stringMatching(/^\/[a-z]{4,9}$/).filter((path) => !/^\/(dev|proc|sys)$/.test(path)),
});

/** Without what the CRD refuses there: \pC and the separators of lines. */
const attacherName = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...'eve:@- \u00a0\u3000'), fc.constantFrom('\u{1f600}', '\u00e9')),
    minLength: 1,
    maxLength: 90,
  })
  .filter((name) => name !== '');
const attacher: fc.Arbitrary<Attacher> = fc.record({
  kind: fc.constantFrom('User' as const, 'Group' as const),
  name: attacherName,
});

/** What counts for a policy of a session. */
export const someSession: fc.Arbitrary<Partial<DebugSessionSpec>> = fc
  .record(
    {
      target: fc.oneof(
        fc.constant({ podName: 'web' }),
        fc.record({ podName: fc.constant('web'), containerName: dnsName }),
      ),
      image,
      profile: fc.constantFrom(...PROFILE_NAMES),
      securityContext,
      ttl: duration,
      notAfter: fc.constant('2099-01-01T00:00:00Z'),
      env: fc.uniqueArray(env, { maxLength: 4, selector: ({ name }) => name }),
      envFrom: fc.array(envFrom, { maxLength: 4 }),
      volumeMounts: fc.uniqueArray(volumeMount, { maxLength: 5, selector: ({ mountPath }) => mountPath }),
      supervisor: fc.constantFrom('Shell' as const, 'None' as const),
      ifUnstoppable: fc.constantFrom('Report' as const, 'EvictPod' as const),
      podAfterSession: fc.constantFrom('Keep' as const, 'Evict' as const),
      justification: fc.constantFrom('INC-1', ' ', '\n\t', '\u00a0\u3000', '\u200b', '\u202e', ' \u0301'),
      attachers: fc.array(attacher, { minLength: 1, maxLength: 4 }),
    },
    { requiredKeys: [] },
  )
  // An absent key, as JSON has it.
  .map((spec) => JSON.parse(JSON.stringify(spec)) as Partial<DebugSessionSpec>);
